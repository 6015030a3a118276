# frozen_string_literal: true

# The module `trilogy` over the engine's session, in place of the gem, which is compiled.

require_relative "mysql_values"

class Trilogy
  VERSION = "2.9.0"

  module Error
    attr_reader :error_code
  end

  module ConnectionError
    include Error
  end

  module DatabaseError; end

  class BaseError < StandardError
    include Error

    def initialize(message = nil, code = nil)
      super(code ? "#{code}: #{message}" : message)
      @error_code = code
    end
  end

  class BaseConnectionError < BaseError
    include ConnectionError
  end

  class SynchronizationError < BaseError; end
  class ClientError < BaseError; end
  class QueryError < ClientError; end
  class CastError < ClientError; end
  class TimeoutError < BaseConnectionError; end
  class EOFError < BaseConnectionError; end
  class AuthPluginError < BaseConnectionError; end

  class SSLError < BaseError
    include ConnectionError
  end

  class ConnectionClosed < IOError
    include ConnectionError
  end

  class ProtocolError < BaseError
    include DatabaseError

    CLASSES = [1044, 1045, *1152..1161, 1927].to_h { |code| [code, BaseConnectionError] }
                                             .merge(1205 => TimeoutError, 1064 => QueryError).freeze

    def self.from_code(message, code) = CLASSES.fetch(code, self).new(message, code)
  end

  SSL_DISABLED = 1
  SSL_VERIFY_IDENTITY = 2
  SSL_VERIFY_CA = 3
  SSL_REQUIRED_NOVERIFY = 4
  SSL_PREFERRED_NOVERIFY = 5
  TLS_VERSION_12 = 3
  TLS_VERSION_13 = 4
  QUERY_FLAGS_NONE = 0
  QUERY_FLAGS_CAST = 1
  QUERY_FLAGS_CAST_BOOLEANS = 2
  QUERY_FLAGS_LOCAL_TIMEZONE = 4
  QUERY_FLAGS_FLATTEN_ROWS = 8
  QUERY_FLAGS_CAST_ALL_DECIMALS_TO_BIGDECIMALS = 16
  QUERY_FLAGS_DEFAULT = 1
  SET_SERVER_MULTI_STATEMENTS_ON = 0
  SET_SERVER_MULTI_STATEMENTS_OFF = 1
  SERVER_STATUS_IN_TRANS = 1

  class Result
    include Enumerable

    attr_reader :fields, :rows, :query_time, :affected_rows, :last_insert_id

    def initialize(result, rows)
      @fields = result.columns.map { |column| column["name"] }
      @rows = rows
      @query_time = 0.0
      @affected_rows = result.rows? ? nil : result.affected.to_i
      @last_insert_id = result.rows? ? nil : result.last_id.to_i
    end

    def count = rows.size
    alias size count

    def each_hash
      return enum_for(:each_hash) unless block_given?

      rows.each { |row| yield fields.zip(row).to_h }
      self
    end

    def each(&block) = rows.each(&block)

    def to_a = rows
  end

  attr_accessor :query_flags
  attr_reader :affected_rows, :last_insert_id, :connection_options

  def initialize(options = {})
    @connection_options = options
    @session = Dunlin.session
    @connection = @session.connect("mysql", "mariadb")
    @multiple = options[:multi_statement] || false
    @query_flags = QUERY_FLAGS_DEFAULT
    @closed = false
  end

  def query(sql)
    raise ConnectionClosed, "Attempted to use closed connection" if @closed

    query = { "sql" => Dunlin::Text.of(sql) }
    query["single"] = true unless @multiple
    result = @session.query(@connection, query)
    @affected_rows = result.affected.to_i
    @last_insert_id = result.last_id.to_i
    Result.new(result, rows_of(result))
  rescue Dunlin::EngineError => error
    made = ProtocolError.from_code(Dunlin::Text.of(error.message), error["code"])
    raise Dunlin::Failure.from_answer(made, error.answer)
  end

  def query_with_flags(sql, flags)
    before, self.query_flags = query_flags, flags
    query(sql)
  ensure
    self.query_flags = before
  end

  def escape(text) = Dunlin::MysqlClient.escape(text)

  def set_server_option(option)
    @multiple = option == SET_SERVER_MULTI_STATEMENTS_ON
    true
  end

  # The engine answers with the result of a text's last statement.
  def more_results_exist? = false

  def next_result = nil

  def warning_count = 0

  def server_status = @connection.transaction? ? SERVER_STATUS_IN_TRANS : 0

  def in_transaction? = @connection.transaction?

  def server_version = @session.server["version_text"]

  def server_info = { version: server_version, id: Dunlin::MysqlClient.version_number }

  def connected_host = query("select @@hostname").rows.dig(0, 0)

  def ping = true

  def change_db(name) = query("USE `#{name.gsub("`", "``")}`")

  def last_gtid = nil

  def closed? = @closed

  def close
    return true if @closed

    @closed = true
    @session.disconnect(@connection)
    true
  end

  def discard! = @closed = true

  private

  def rows_of(result)
    return result.rows if query_flags.nobits?(QUERY_FLAGS_CAST)

    zone = query_flags.anybits?(QUERY_FLAGS_LOCAL_TIMEZONE) ? :local : :utc
    invalid = ->(_column, text) { raise CastError, "Invalid date: #{text}" }
    values = Dunlin::MysqlValues.new(result.columns, zone: zone, booleans: query_flags.anybits?(QUERY_FLAGS_CAST_BOOLEANS),
                                                     invalid: invalid)
    rows = result.rows.map { |row| values.row(row) }
    query_flags.anybits?(QUERY_FLAGS_FLATTEN_ROWS) ? rows.flatten(1) : rows
  end
end
