# frozen_string_literal: true

# What a statement gave, with the values of its columns decoded as its type map says.

module PG
  class Result
    include Enumerable
    include Constants

    # The fields of an error by libpq's codes.
    ERROR_FIELDS = {
      Constants::PG_DIAG_SEVERITY => "severity",
      Constants::PG_DIAG_SEVERITY_NONLOCALIZED => "severity",
      Constants::PG_DIAG_SQLSTATE => "sqlstate",
      Constants::PG_DIAG_MESSAGE_PRIMARY => "message",
      Constants::PG_DIAG_MESSAGE_DETAIL => "detail",
      Constants::PG_DIAG_MESSAGE_HINT => "hint",
      Constants::PG_DIAG_STATEMENT_POSITION => "position",
      Constants::PG_DIAG_CONTEXT => "context",
      Constants::PG_DIAG_SCHEMA_NAME => "schema",
      Constants::PG_DIAG_TABLE_NAME => "table",
      Constants::PG_DIAG_COLUMN_NAME => "column",
      Constants::PG_DIAG_DATATYPE_NAME => "data_type",
      Constants::PG_DIAG_CONSTRAINT_NAME => "constraint",
    }.freeze

    attr_accessor :type_map

    # `error` is one that the engine answered, `message` what libpq makes of it.
    def initialize(result, type_map, error: nil, message: "")
      @result = result
      @type_map = type_map
      @error = error
      @message = message
      @cleared = false
    end

    # -- what happened

    def result_status
      return PGRES_FATAL_ERROR if @error

      @result.rows? ? PGRES_TUPLES_OK : PGRES_COMMAND_OK
    end

    def res_status(_status = nil) = result_status == PGRES_TUPLES_OK ? "PGRES_TUPLES_OK" : "PGRES_COMMAND_OK"

    def error_message = @message
    alias result_error_message error_message

    def error_field(code)
      key = ERROR_FIELDS[code]
      value = key && @error && @error[key]
      value&.to_s
    end
    alias result_error_field error_field

    def check = self
    alias check_result check

    def cmd_status
      return "INSERT 0 #{@result.affected}" if @result.tag == "INSERT" && @result.affected

      @result.affected ? "#{@result.tag} #{@result.affected}" : @result.tag
    end

    def cmd_tuples = @result.affected || 0
    alias cmdtuples cmd_tuples

    def oid_value = 0

    # -- columns

    def nfields = @result.columns.size
    alias num_fields nfields

    def fields = @fields ||= @result.columns.map { |column| column["name"] }

    def fname(column) = fields.fetch(column)

    def fnumber(name) = fields.index(name.to_s) || raise(IndexError, "Unknown field: #{name}")

    def ftype(column) = @result.columns.fetch(column)["type"] || 0

    def fmod(column) = @result.columns.fetch(column)["modifier"] || -1

    def fformat(_column) = 0

    def ftable(_column) = 0

    def ftablecol(_column) = 0

    def fsize(_column) = -1

    # -- rows

    def ntuples = @result.rows.size
    alias num_tuples ntuples

    def map_types!(type_map)
      @type_map = type_map
      self
    end

    def values
      coders = coders_of_columns
      @result.rows.map { |row| decoded(row, coders) }
    end

    def each_row
      return enum_for(:each_row) unless block_given?

      coders = coders_of_columns
      @result.rows.each { |row| yield decoded(row, coders) }
    end

    def each
      return enum_for(:each) unless block_given?

      values.each { |row| yield fields.zip(row).to_h }
      self
    end

    def [](index)
      raise IndexError, "Index #{index} is out of range" unless index.between?(0, ntuples - 1)

      fields.zip(decoded(@result.rows[index], coders_of_columns)).to_h
    end

    def tuple(index) = self[index]

    def tuple_values(index) = decoded(@result.rows.fetch(index), coders_of_columns)

    def getvalue(row, column) = tuple_values(row).fetch(column)

    def getisnull(row, column) = @result.rows.fetch(row).fetch(column).nil?

    def getlength(row, column) = @result.rows.fetch(row).fetch(column).to_s.bytesize

    def column_values(column) = values.map { |row| row[column] }

    def field_values(name) = column_values(fnumber(name))

    def field_name_type=(_type); end

    def field_name_type = :string

    def stream_each(&) = each(&)

    def clear
      @cleared = true
      nil
    end

    def cleared? = @cleared

    def autoclear? = false

    def inspect = "#<#{self.class} status=#{res_status} ntuples=#{ntuples} nfields=#{nfields} cmd_tuples=#{cmd_tuples}>"

    private

    def coders_of_columns
      (0...nfields).map { |column| @type_map&.coder_of(self, column) }
    end

    def decoded(row, coders)
      row.each_with_index.map do |value, column|
        coder = coders[column]
        value.nil? || coder.nil? ? value : coder.decode(value, nil, column)
      end
    end
  end
end
