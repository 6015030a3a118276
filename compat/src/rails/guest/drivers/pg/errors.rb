# frozen_string_literal: true

# The errors of `pg`, one class for each SQLSTATE, as the gem names them.

module PG
  class Error < StandardError
    attr_reader :connection, :result

    def initialize(message = nil, connection: nil, result: nil)
      @connection = connection
      @result = result
      super(message)
    end

    alias error result
  end

  class ServerError < Error; end
  class UnableToSend < Error; end
  class ConnectionBad < Error; end
  class InvalidResultStatus < Error; end
  class NoResultError < Error; end
  class InvalidChangeOfResultFields < Error; end
  class NotAllCopyDataRetrieved < Error; end
  class LostCopyState < Error; end
  class NotInBlockingMode < Error; end

  # Classes of SQLSTATEs, then the single ones: `SQLSTATE Name`, below their superclass.
  ERROR_NAMES = {
    "ServerError" => %w[
      03000 SqlStatementNotYetComplete 03 SqlStatementNotYetComplete 08000 ConnectionException 08 ConnectionException
      09000 TriggeredActionException 09 TriggeredActionException 0A000 FeatureNotSupported 0A FeatureNotSupported
      0B000 InvalidTransactionInitiation 0B InvalidTransactionInitiation 0F000 LocatorException 0F LocatorException
      0L000 InvalidGrantor 0L InvalidGrantor 0P000 InvalidRoleSpecification 0P InvalidRoleSpecification
      0Z000 DiagnosticsException 0Z DiagnosticsException 20000 CaseNotFound 20 CaseNotFound 21000 CardinalityViolation
      21 CardinalityViolation 22000 DataException 22 DataException 23000 IntegrityConstraintViolation
      23 IntegrityConstraintViolation 24000 InvalidCursorState 24 InvalidCursorState 25000 InvalidTransactionState
      25 InvalidTransactionState 26000 InvalidSqlStatementName 26 InvalidSqlStatementName
      27000 TriggeredDataChangeViolation 27 TriggeredDataChangeViolation 28000 InvalidAuthorizationSpecification
      28 InvalidAuthorizationSpecification 2B000 DependentPrivilegeDescriptorsStillExist
      2B DependentPrivilegeDescriptorsStillExist 2D000 InvalidTransactionTermination 2D InvalidTransactionTermination
      2F000 SqlRoutineException 2F SqlRoutineException 34000 InvalidCursorName 34 InvalidCursorName
      38000 ExternalRoutineException 38 ExternalRoutineException 39000 ExternalRoutineInvocationException
      39 ExternalRoutineInvocationException 3B000 SavepointException 3B SavepointException 3D000 InvalidCatalogName
      3D InvalidCatalogName 3F000 InvalidSchemaName 3F InvalidSchemaName 40000 TransactionRollback
      40 TransactionRollback 42000 SyntaxErrorOrAccessRuleViolation 42 SyntaxErrorOrAccessRuleViolation
      44000 WithCheckOptionViolation 44 WithCheckOptionViolation 53000 InsufficientResources 53 InsufficientResources
      54000 ProgramLimitExceeded 54 ProgramLimitExceeded 55000 ObjectNotInPrerequisiteState
      55 ObjectNotInPrerequisiteState 57000 OperatorIntervention 57 OperatorIntervention 58000 SystemError
      58 SystemError 72000 SnapshotTooOld 72 SnapshotTooOld F0000 ConfigFileError F0 ConfigFileError HV000 FdwError
      HV FdwError P0000 PlpgsqlError P0 PlpgsqlError XX000 InternalError XX InternalError
    ],
    "ConnectionException" => %w[
      08003 ConnectionDoesNotExist 08006 ConnectionFailure 08001 SqlclientUnableToEstablishSqlconnection
      08004 SqlserverRejectedEstablishmentOfSqlconnection 08007 TransactionResolutionUnknown 08P01 ProtocolViolation
    ],
    "LocatorException" => %w[
      0F001 LEInvalidSpecification
    ],
    "InvalidGrantor" => %w[
      0LP01 InvalidGrantOperation
    ],
    "DiagnosticsException" => %w[
      0Z002 StackedDiagnosticsAccessedWithoutActiveHandler
    ],
    "DataException" => %w[
      2202E ArraySubscriptError 22021 CharacterNotInRepertoire 22008 DatetimeFieldOverflow 22012 DivisionByZero
      22005 ErrorInAssignment 2200B EscapeCharacterConflict 22022 IndicatorOverflow 22015 IntervalFieldOverflow
      2201E InvalidArgumentForLog 22014 InvalidArgumentForNtile 22016 InvalidArgumentForNthValue
      2201F InvalidArgumentForPowerFunction 2201G InvalidArgumentForWidthBucketFunction
      22018 InvalidCharacterValueForCast 22007 InvalidDatetimeFormat 22019 InvalidEscapeCharacter
      2200D InvalidEscapeOctet 22025 InvalidEscapeSequence 22P06 NonstandardUseOfEscapeCharacter
      22010 InvalidIndicatorParameterValue 22023 InvalidParameterValue 22013 InvalidPrecedingOrFollowingSize
      2201B InvalidRegularExpression 2201W InvalidRowCountInLimitClause 2201X InvalidRowCountInResultOffsetClause
      2202H InvalidTablesampleArgument 2202G InvalidTablesampleRepeat 22009 InvalidTimeZoneDisplacementValue
      2200C InvalidUseOfEscapeCharacter 2200G MostSpecificTypeMismatch 22004 NullValueNotAllowed
      22002 NullValueNoIndicatorParameter 22003 NumericValueOutOfRange 2200H SequenceGeneratorLimitExceeded
      22026 StringDataLengthMismatch 22001 StringDataRightTruncation 22011 SubstringError 22027 TrimError
      22024 UnterminatedCString 2200F ZeroLengthCharacterString 22P01 FloatingPointException
      22P02 InvalidTextRepresentation 22P03 InvalidBinaryRepresentation 22P04 BadCopyFileFormat
      22P05 UntranslatableCharacter 2200L NotAnXmlDocument 2200M InvalidXmlDocument 2200N InvalidXmlContent
      2200S InvalidXmlComment 2200T InvalidXmlProcessingInstruction 22030 DuplicateJsonObjectKeyValue
      22031 InvalidArgumentForSqlJsonDatetimeFunction 22032 InvalidJsonText 22033 InvalidSqlJsonSubscript
      22034 MoreThanOneSqlJsonItem 22035 NoSqlJsonItem 22036 NonNumericSqlJsonItem 22037 NonUniqueKeysInAJsonObject
      22038 SingletonSqlJsonItemRequired 22039 SqlJsonArrayNotFound 2203A SqlJsonMemberNotFound
      2203B SqlJsonNumberNotFound 2203C SqlJsonObjectNotFound 2203D TooManyJsonArrayElements
      2203E TooManyJsonObjectMembers 2203F SqlJsonScalarRequired 2203G SqlJsonItemCannotBeCastToTargetType
    ],
    "IntegrityConstraintViolation" => %w[
      23001 RestrictViolation 23502 NotNullViolation 23503 ForeignKeyViolation 23505 UniqueViolation
      23514 CheckViolation 23P01 ExclusionViolation
    ],
    "InvalidTransactionState" => %w[
      25001 ActiveSqlTransaction 25002 BranchTransactionAlreadyActive 25008 HeldCursorRequiresSameIsolationLevel
      25003 InappropriateAccessModeForBranchTransaction 25004 InappropriateIsolationLevelForBranchTransaction
      25005 NoActiveSqlTransactionForBranchTransaction 25006 ReadOnlySqlTransaction
      25007 SchemaAndDataStatementMixingNotSupported 25P01 NoActiveSqlTransaction 25P02 InFailedSqlTransaction
      25P03 IdleInTransactionSessionTimeout
    ],
    "InvalidAuthorizationSpecification" => %w[
      28P01 InvalidPassword
    ],
    "DependentPrivilegeDescriptorsStillExist" => %w[
      2BP01 DependentObjectsStillExist
    ],
    "SqlRoutineException" => %w[
      2F005 SREFunctionExecutedNoReturnStatement 2F002 SREModifyingSqlDataNotPermitted
      2F003 SREProhibitedSqlStatementAttempted 2F004 SREReadingSqlDataNotPermitted
    ],
    "ExternalRoutineException" => %w[
      38001 EREContainingSqlNotPermitted 38002 EREModifyingSqlDataNotPermitted
      38003 EREProhibitedSqlStatementAttempted 38004 EREReadingSqlDataNotPermitted
    ],
    "ExternalRoutineInvocationException" => %w[
      39001 ERIEInvalidSqlstateReturned 39004 ERIENullValueNotAllowed 39P01 ERIETriggerProtocolViolated
      39P02 ERIESrfProtocolViolated 39P03 ERIEEventTriggerProtocolViolated
    ],
    "SavepointException" => %w[
      3B001 SEInvalidSpecification
    ],
    "TransactionRollback" => %w[
      40002 TRIntegrityConstraintViolation 40001 TRSerializationFailure 40003 TRStatementCompletionUnknown
      40P01 TRDeadlockDetected
    ],
    "SyntaxErrorOrAccessRuleViolation" => %w[
      42601 SyntaxError 42501 InsufficientPrivilege 42846 CannotCoerce 42803 GroupingError 42P20 WindowingError
      42P19 InvalidRecursion 42830 InvalidForeignKey 42602 InvalidName 42622 NameTooLong 42939 ReservedName
      42804 DatatypeMismatch 42P18 IndeterminateDatatype 42P21 CollationMismatch 42P22 IndeterminateCollation
      42809 WrongObjectType 428C9 GeneratedAlways 42703 UndefinedColumn 42883 UndefinedFunction 42P01 UndefinedTable
      42P02 UndefinedParameter 42704 UndefinedObject 42701 DuplicateColumn 42P03 DuplicateCursor
      42P04 DuplicateDatabase 42723 DuplicateFunction 42P05 DuplicatePstatement 42P06 DuplicateSchema
      42P07 DuplicateTable 42712 DuplicateAlias 42710 DuplicateObject 42702 AmbiguousColumn 42725 AmbiguousFunction
      42P08 AmbiguousParameter 42P09 AmbiguousAlias 42P10 InvalidColumnReference 42611 InvalidColumnDefinition
      42P11 InvalidCursorDefinition 42P12 InvalidDatabaseDefinition 42P13 InvalidFunctionDefinition
      42P14 InvalidPstatementDefinition 42P15 InvalidSchemaDefinition 42P16 InvalidTableDefinition
      42P17 InvalidObjectDefinition
    ],
    "InsufficientResources" => %w[
      53100 DiskFull 53200 OutOfMemory 53300 TooManyConnections 53400 ConfigurationLimitExceeded
    ],
    "ProgramLimitExceeded" => %w[
      54001 StatementTooComplex 54011 TooManyColumns 54023 TooManyArguments
    ],
    "ObjectNotInPrerequisiteState" => %w[
      55006 ObjectInUse 55P02 CantChangeRuntimeParam 55P03 LockNotAvailable 55P04 UnsafeNewEnumValueUsage
    ],
    "OperatorIntervention" => %w[
      57014 QueryCanceled 57P01 AdminShutdown 57P02 CrashShutdown 57P03 CannotConnectNow 57P04 DatabaseDropped
      57P05 IdleSessionTimeout
    ],
    "SystemError" => %w[
      58030 IoError 58P01 UndefinedFile 58P02 DuplicateFile
    ],
    "ConfigFileError" => %w[
      F0001 LockFileExists
    ],
    "FdwError" => %w[
      HV005 FdwColumnNameNotFound HV002 FdwDynamicParameterValueNeeded HV010 FdwFunctionSequenceError
      HV021 FdwInconsistentDescriptorInformation HV024 FdwInvalidAttributeValue HV007 FdwInvalidColumnName
      HV008 FdwInvalidColumnNumber HV004 FdwInvalidDataType HV006 FdwInvalidDataTypeDescriptors
      HV091 FdwInvalidDescriptorFieldIdentifier HV00B FdwInvalidHandle HV00C FdwInvalidOptionIndex
      HV00D FdwInvalidOptionName HV090 FdwInvalidStringLengthOrBufferLength HV00A FdwInvalidStringFormat
      HV009 FdwInvalidUseOfNullPointer HV014 FdwTooManyHandles HV001 FdwOutOfMemory HV00P FdwNoSchemas
      HV00J FdwOptionNameNotFound HV00K FdwReplyHandle HV00Q FdwSchemaNotFound HV00R FdwTableNotFound
      HV00L FdwUnableToCreateExecution HV00M FdwUnableToCreateReply HV00N FdwUnableToEstablishConnection
    ],
    "PlpgsqlError" => %w[
      P0001 RaiseException P0002 NoDataFound P0003 TooManyRows P0004 AssertFailure
    ],
    "InternalError" => %w[
      XX001 DataCorrupted XX002 IndexCorrupted
    ],
  }.freeze

  ERROR_CLASSES = ERROR_NAMES.each_with_object({}) do |(base, names), classes|
    superclass = const_get(base)
    names.each_slice(2) do |sqlstate, name|
      classes[sqlstate] = const_defined?(name, false) ? const_get(name) : const_set(name, Class.new(superclass))
    end
  end.freeze

  # The class of an error that the server sent.
  def self.error_class(sqlstate)
    ERROR_CLASSES[sqlstate] || ERROR_CLASSES[sqlstate.to_s[0, 2]] || ServerError
  end
end
