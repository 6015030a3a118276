# frozen_string_literal: true

# The module `mysql2` over the engine's session, in place of the gem, whose client is compiled.

require_relative "mysql_values"

module Mysql2
  VERSION = "0.5.6"

  class Error < StandardError
    ConnectionError = Class.new(Error)
    TimeoutError = Class.new(Error)

    # Numbers of errors after which there is no connection, or which say that a lock was not had in time.
    LOST = [1044, 1045, *1152..1161, 1927, *2001..2007, 2009, 2012, 2013, 2020, 2026, 2027, 2047, 2048, 2049].freeze
    CODES = LOST.to_h { |number| [number, ConnectionError] }.merge(1205 => TimeoutError).freeze

    attr_reader :error_number, :sql_state

    alias errno error_number
    alias error message

    def self.new_with_args(message, version, number, state)
      CODES.fetch(number, self).new(message, version, number, state)
    end

    def initialize(message, version = nil, number = nil, state = nil)
      @server_version = version
      @error_number = number
      @sql_state = state
      super(message)
    end
  end

  module Util
    TIMEOUT_ERROR_CLASS = Error::TimeoutError
    TIMEOUT_ERROR_NEVER = {}.freeze

    def self.key_hash_as_symbols(hash) = hash&.transform_keys(&:to_sym)
  end

  class Result
    include Enumerable

    attr_reader :server_flags

    def initialize(result, options)
      @result = result
      @options = options
      @server_flags = { no_good_index_used: false, no_index_used: false, query_was_slow: false }
    end

    def fields = names(@options)

    def size = @result.rows.size
    alias count size

    def each(options = {}, &block)
      rows = rows_of(@options.merge(options))
      block ? rows.each(&block) : rows.each
    end

    def to_a = rows_of(@options)

    def free = nil

    private

    def rows_of(options)
      invalid = lambda do |column, text|
        raise Error, "Invalid date in field '#{column["name"]}': #{text}"
      end
      zone = options[:database_timezone] == :utc ? :utc : :local
      values = Dunlin::MysqlValues.new(@result.columns, zone: zone, booleans: options[:cast_booleans], invalid: invalid)
      rows = options[:cast] == false ? @result.rows : @result.rows.map { |row| values.row(row) }
      return rows if options[:as] == :array

      keys = names(options)
      rows.map { |row| keys.zip(row).to_h }
    end

    def names(options)
      found = @result.columns.map { |column| column["name"] }
      options[:symbolize_keys] ? found.map(&:to_sym) : found
    end
  end

  class Statement
    attr_reader :affected_rows, :last_id

    def initialize(client, sql)
      @client = client
      @sql = sql
    end

    def execute(*values, **options)
      result = @client.send_query(@sql, values.map { |value| Dunlin::MysqlClient.parameter(value) })
      @affected_rows = @client.affected_rows
      @last_id = @client.last_id
      result.rows? ? Result.new(result, @client.query_options.merge(options)) : nil
    end

    def param_count = @sql.count("?")

    def close = nil
  end

  class Client
    LONG_PASSWORD = 1
    FOUND_ROWS = 2
    LONG_FLAG = 4
    CONNECT_WITH_DB = 8
    COMPRESS = 32
    LOCAL_FILES = 128
    IGNORE_SPACE = 256
    PROTOCOL_41 = 512
    INTERACTIVE = 1024
    SSL = 2048
    TRANSACTIONS = 8192
    SECURE_CONNECTION = 32_768
    MULTI_STATEMENTS = 65_536
    MULTI_RESULTS = 131_072
    PS_MULTI_RESULTS = 262_144
    CONNECT_ATTRS = 1_048_576
    SSL_VERIFY_SERVER_CERT = 1_073_741_824
    REMEMBER_OPTIONS = 2_147_483_648
    OPTION_MULTI_STATEMENTS_ON = 0
    OPTION_MULTI_STATEMENTS_OFF = 1
    SSL_MODE_DISABLED = 1
    SSL_MODE_PREFERRED = 2
    SSL_MODE_REQUIRED = 3
    SSL_MODE_VERIFY_CA = 4
    SSL_MODE_VERIFY_IDENTITY = 5

    def self.default_query_options
      @default_query_options ||= {
        as: :hash, async: false, cast_booleans: false, symbolize_keys: false, database_timezone: :local,
        application_timezone: nil, cache_rows: true, connect_flags: 0, cast: true, default_file: nil, default_group: nil
      }
    end

    def self.info = { id: 100_600, version: "10.6.0", header_version: "10.6.0" }

    def self.escape(text) = Dunlin::MysqlClient.escape(text)

    attr_reader :query_options, :affected_rows, :last_id
    attr_accessor :automatic_close, :reconnect

    def initialize(options = {})
      @query_options = self.class.default_query_options.merge(Util.key_hash_as_symbols(options))
      @session = Dunlin.session
      @connection = @session.connect("mysql", "mariadb")
      @multiple = multiple_from_flags(options[:flags])
      @affected_rows = @last_id = 0
      @closed = false
      # Views, routines and triggers keep the character set of the session that made them, and this is the gem's unless it is told.
      @session.introduce { send_query("SET NAMES utf8") } unless @query_options[:encoding]
    end

    def query(sql, options = {})
      result = send_query(sql)
      result.rows? ? Result.new(result, @query_options.merge(options)) : nil
    end

    def prepare(sql) = Statement.new(self, sql)

    def send_query(sql, parameters = nil)
      raise Error::ConnectionError, "MySQL client is not connected" if @closed

      query = { "sql" => Dunlin::Text.of(sql) }
      query["single"] = true unless @multiple
      query["parameters"] = parameters if parameters && !parameters.empty?
      result = @session.query(@connection, query)
      @affected_rows = result.affected || 0
      @last_id = result.last_id || 0
      result
    rescue Dunlin::EngineError => error
      made = Error.new_with_args(Dunlin::Text.of(error.message), Dunlin::MysqlClient.version_number, error["code"],
                                 error["sqlstate"])
      raise Dunlin::Failure.from_answer(made, error.answer)
    end

    def escape(text) = Dunlin::MysqlClient.escape(text)

    def set_server_option(option)
      @multiple = option == OPTION_MULTI_STATEMENTS_ON
      true
    end

    # The engine answers with the result of a text's last statement.
    def more_results? = false

    def next_result = false

    def store_result = nil

    def abandon_results! = nil

    def async_result = nil

    def warning_count = 0

    def server_info = { id: Dunlin::MysqlClient.version_number, version: @session.server["version_text"] }

    def info = self.class.info

    def query_info = {}

    def encoding = Encoding::UTF_8

    def charset_name=(_name); end

    def ping = !@closed

    def select_db(name) = query("USE `#{name.gsub("`", "``")}`") && true

    def thread_id = @session.engine.query({ "sql" => "SELECT CONNECTION_ID()", "own" => true }).rows.dig(0, 0).to_i

    def closed? = @closed

    def close
      return if @closed

      @closed = true
      @session.disconnect(@connection)
      nil
    end

    def automatic_close? = true

    def ssl_cipher = nil

    private

    def multiple_from_flags(flags)
      case flags
      when Array then flags.include?("MULTI_STATEMENTS")
      when String then flags.split.include?("MULTI_STATEMENTS")
      when Integer then flags.anybits?(MULTI_STATEMENTS)
      else false
      end
    end
  end
end
