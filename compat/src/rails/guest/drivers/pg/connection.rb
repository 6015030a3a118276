# frozen_string_literal: true

# A connection of `pg`, over the engine's session.

module PG
  class Connection
    include Constants

    # As PQconndefaults() gives them, without what is in our environment.
    DEFAULTS = {
      service: nil, user: nil, password: nil, passfile: nil, channel_binding: "prefer", connect_timeout: nil, dbname: nil,
      host: nil, hostaddr: nil, port: "5432", client_encoding: nil, options: "", application_name: nil,
      fallback_application_name: nil, keepalives: nil, keepalives_idle: nil, keepalives_interval: nil, keepalives_count: nil,
      tcp_user_timeout: nil, sslmode: "prefer", sslnegotiation: "postgres", sslcompression: "0", sslcert: nil, sslkey: nil,
      sslcertmode: nil, sslpassword: nil, sslrootcert: nil, sslcrl: nil, sslcrldir: nil, sslsni: "1", requirepeer: nil,
      require_auth: nil, ssl_min_protocol_version: "TLSv1.2", ssl_max_protocol_version: nil, gssencmode: "prefer",
      krbsrvname: "postgres", gsslib: nil, gssdelegation: "0", replication: nil, target_session_attrs: "any",
      load_balance_hosts: "disable"
    }.freeze

    # Settings that the server reports by itself.
    REPORTED = %w[DateStyle IntervalStyle TimeZone application_name is_superuser server_encoding standard_conforming_strings].freeze

    class << self
      def conndefaults_hash = DEFAULTS.dup

      def conndefaults = DEFAULTS.map { |key, value| { keyword: key.to_s, val: value } }

      def quote_ident(name)
        return name.map { |part| quote_ident(part) }.join(".") if name.is_a?(Array)

        %("#{name.to_s.gsub('"', '""')}")
      end

      def escape_string(text) = text.to_s.gsub("'", "''")
      alias escape escape_string

      def escape_bytea(bytes) = "\\x#{bytes.unpack1("H*")}"

      def unescape_bytea(text)
        return [text[2..]].pack("H*") if text.start_with?("\\x")

        text.b.gsub(/\\(\\|[0-7]{3})/n) { $1 == "\\" ? "\\".b : $1.to_i(8).chr }
      end

      def ping(*) = PQPING_OK

      def connect_hash_to_string(hash) = hash.map { |key, value| "#{key}='#{value}'" }.join(" ")

      alias open new
      alias connect new
      alias async_connect new
      alias setdb new
      alias setdblogin new
    end

    attr_accessor :type_map_for_queries, :type_map_for_results, :encoder_for_put_copy_data, :decoder_for_get_copy_data

    def initialize(*arguments, **options)
      @options = arguments.first.is_a?(Hash) ? arguments.first.merge(options) : options
      @session = Dunlin.session
      @connection = @session.connect("postgres")
      @finished = false
      @prepared = {}
      @pending = []
      @type_map_for_queries = TypeMapAllStrings.new
      @type_map_for_results = TypeMapAllStrings.new
    end

    # -- statements

    def exec(sql, parameters = nil, _format = 0, type_map = nil)
      return exec_params(sql, parameters, 0, type_map) unless parameters.nil?
      return close_prepared($1) if DEALLOCATE.match(sql) && @prepared.key?($1)

      given(run(sql), block_given? ? proc { |result| yield result } : nil)
    end
    alias query exec
    alias async_exec exec
    alias async_query exec
    alias sync_exec exec

    def exec_params(sql, parameters, _format = 0, type_map = nil)
      result = run(sql, encoded(parameters || [], type_map || @type_map_for_queries))
      given(result, block_given? ? proc { |each| yield each } : nil)
    end
    alias async_exec_params exec_params
    alias sync_exec_params exec_params

    # The server knows nothing of what is prepared here, and would end the transaction that it is told to forget it in.
    DEALLOCATE = /\A\s*DEALLOCATE\s+(?:PREPARE\s+)?"?(\w+)"?\s*;?\s*\z/i

    # A statement is prepared when it is first executed: the server resolves its parameters then, too.
    def prepare(name, sql, _types = nil)
      @prepared[name] = sql
      Result.new(Dunlin::Result.empty("PREPARE"), @type_map_for_results)
    end
    alias async_prepare prepare
    alias sync_prepare prepare

    def exec_prepared(name, parameters = [], _format = 0, type_map = nil)
      sql = @prepared.fetch(name) do
        message = "ERROR:  prepared statement \"#{name}\" does not exist\n"
        raise PG.error_class("26000").new(message, connection: self, result: nil)
      end
      result = run(sql, encoded(parameters || [], type_map || @type_map_for_queries))
      given(result, block_given? ? proc { |each| yield each } : nil)
    end
    alias async_exec_prepared exec_prepared
    alias sync_exec_prepared exec_prepared

    def close_prepared(name)
      @prepared.delete(name)
      Result.new(Dunlin::Result.empty("DEALLOCATE"), @type_map_for_results)
    end

    def describe_prepared(_name) = Result.new(Dunlin::Result.empty(""), @type_map_for_results)

    # The asynchronous calls: what is sent is done at once, and its result waits to be fetched.
    def send_query(sql, parameters = nil, *)
      later { parameters ? exec_params(sql, parameters) : exec(sql) }
    end

    def send_query_params(sql, parameters, *) = later { exec_params(sql, parameters) }

    def send_query_prepared(name, parameters = [], *) = later { exec_prepared(name, parameters) }

    def send_prepare(name, sql, *) = later { prepare(name, sql) }

    def get_result
      outcome = @pending.shift
      raise outcome if outcome.is_a?(PG::Error)

      block_given? && outcome ? yield(outcome) : outcome
    end
    alias async_get_result get_result

    def get_last_result
      outcome = @pending.last
      @pending.clear
      raise outcome if outcome.is_a?(PG::Error)

      outcome
    end
    alias async_get_last_result get_last_result

    def discard_results = @pending.clear

    def set_single_row_mode = self

    def consume_input = self

    def is_busy = false

    def block(_timeout = nil) = true

    def cancel = nil

    def flush = true

    def wait_for_notify(*) = nil

    def notifies = nil

    # -- texts

    def escape_string(text)
      text = text.to_s
      text = text.gsub("\\") { "\\\\" } if parameter_status("standard_conforming_strings") == "off"
      text.gsub("'", "''")
    end
    alias escape escape_string

    def escape_literal(text)
      text = text.to_s
      return "'#{text.gsub("'", "''")}'" unless text.include?("\\")

      " E'#{text.gsub("\\") { "\\\\" }.gsub("'", "''")}'"
    end

    def escape_identifier(text) = self.class.quote_ident(text)
    alias quote_ident escape_identifier

    def escape_bytea(bytes)
      text = self.class.escape_bytea(bytes)
      parameter_status("standard_conforming_strings") == "off" ? "\\#{text}" : text
    end

    def unescape_bytea(text) = self.class.unescape_bytea(text)

    # -- what a connection knows

    def server_version
      major, minor, patch = @session.server["version"]
      major >= 10 ? (major * 10_000) + minor : (major * 10_000) + (minor * 100) + patch.to_i
    end

    def parameter_status(name)
      known = { "server_version" => @session.server["version_text"], "client_encoding" => "UTF8",
                "session_authorization" => @session.server["user"], "integer_datetimes" => "on" }
      return known[name] if known.key?(name)
      return unless REPORTED.include?(name)

      @session.setting(name) || ask("SHOW #{name}")
    end

    def status = @finished ? CONNECTION_BAD : CONNECTION_OK

    def transaction_status
      return PQTRANS_IDLE unless @connection.transaction?

      @connection.failed ? PQTRANS_INERROR : PQTRANS_INTRANS
    end

    def transaction
      exec("BEGIN")
      result = yield(self)
      exec("COMMIT")
      result
    rescue StandardError
      exec("ROLLBACK") if transaction_status != PQTRANS_IDLE
      raise
    end

    def set_client_encoding(_name) = nil
    alias client_encoding= set_client_encoding
    alias async_set_client_encoding set_client_encoding

    def get_client_encoding = "UTF8"

    def internal_encoding = Encoding::UTF_8

    def internal_encoding=(_encoding); end

    def set_default_encoding = Encoding::UTF_8

    def set_notice_receiver(&block) = @notice_receiver.tap { @notice_receiver = block }

    def set_notice_processor(&block) = @notice_processor.tap { @notice_processor = block }

    def set_error_verbosity(_level) = PQERRORS_DEFAULT

    def field_name_type=(_type); end

    def field_name_type = :string

    def db = @session.server["database"]

    def user = @session.server["user"]

    def host = @options[:host]

    def port = (@options[:port] || 5432).to_i

    def conninfo_hash = DEFAULTS.merge(@options)

    def backend_pid = ask("SELECT pg_backend_pid()").to_i

    def protocol_version = 3

    def error_message = ""

    def socket = 0

    def socket_io = nil

    def pipeline_status = 0

    # -- its end

    def reset
      @session.disconnect(@connection)
      @connection = @session.connect("postgres")
      @prepared.clear
      self
    end
    alias async_reset reset

    def finish
      return if @finished

      @finished = true
      @session.disconnect(@connection)
      nil
    end
    alias close finish

    def finished? = @finished

    def copy_data(*)
      raise Error.new("COPY … FROM STDIN and TO STDOUT need a stream of data, which migrations do not have here",
                      connection: self)
    end

    private

    def given(result, block) = block ? block.call(result) : result

    def later
      @pending = [yield]
      nil
    rescue PG::Error => error
      @pending = [error]
      nil
    end

    def ask(sql) = @session.engine.query({ "sql" => sql, "own" => true }).rows.dig(0, 0)

    def run(sql, parameters = nil)
      raise ConnectionBad.new("connection is closed", connection: self) if @finished

      sql = Dunlin::Text.of(sql)
      # An empty text asks whether the server is there.
      return Result.new(Dunlin::Result.empty(""), @type_map_for_results) if sql.match?(/\A[\s;]*\z/)

      query = { "sql" => sql }
      # The extended protocol takes one statement only.
      query.update("parameters" => parameters, "single" => true) unless parameters.nil?
      result = @session.query(@connection, query)
      follow(sql)
      tell(result.notices)
      Result.new(result, @type_map_for_results)
    rescue Dunlin::EngineError => error
      raise failure(error, sql)
    end

    def failure(error, sql)
      message = ErrorText.of(error.answer, sql)
      result = Result.new(Dunlin::Result.empty(""), nil, error: error.answer, message: message)
      made = if error["sqlstate"] then PG.error_class(error["sqlstate"]).new(message, connection: self, result: result)
             elsif error["kind"] == "connection" then ConnectionBad.new("#{error.message}\n", connection: self)
             else ServerError.new(message, connection: self, result: result)
             end
      Dunlin::Failure.from_answer(made, error.answer)
    end

    SETS = /\A\s*(?:SET|RESET|DISCARD)\b.*?\b(#{REPORTED.join("|")}|time\s+zone|ALL)\b/im

    FORGETS = /\A\s*(?:DISCARD|DEALLOCATE(?:\s+PREPARE)?)\s+ALL\b/i

    # The server tells at once what it reports differently now; we ask again when somebody wants to know.
    def follow(sql)
      @prepared.clear if FORGETS.match?(sql)
      match = SETS.match(sql) or return
      said = match[1].downcase
      REPORTED.each do |name|
        @session.set(name, nil) if [name.downcase, "all"].include?(said) || (said.start_with?("time") && name == "TimeZone")
      end
    end

    def tell(notices)
      notices.each do |notice|
        message = ErrorText.of(notice, nil)
        if @notice_receiver then @notice_receiver.call(Result.new(Dunlin::Result.empty(""), nil, error: notice, message: message))
        elsif @notice_processor then @notice_processor.call(message)
        end
      end
    end

    # Parameters as libpq gets them: texts of a type that the server resolves, or bytes.
    def encoded(parameters, type_map)
      parameters.map do |parameter|
        binary = false
        if parameter.is_a?(Hash)
          binary = parameter[:format] == 1
          parameter = parameter[:value]
        end
        next if parameter.nil?

        coder = type_map.respond_to?(:encoder_of) ? type_map.encoder_of(parameter) : nil
        text = coder ? coder.encode(parameter) : parameter.to_s
        binary ? { "bytes" => [text].pack("m0") } : { "text" => Dunlin::Text.of(text) }
      end
    end
  end
end
