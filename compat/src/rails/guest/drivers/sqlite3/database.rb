# frozen_string_literal: true

# A database of `sqlite3`, over the engine's session.

module SQLite3
  # Settings of SQLite by name, as methods of the database.
  module Pragmas
    NAMES = %w[
      application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill case_sensitive_like cell_size_check
      checkpoint_fullfsync count_changes default_cache_size default_synchronous default_temp_store defer_foreign_keys encoding
      foreign_keys full_column_names fullfsync ignore_check_constraints incremental_vacuum journal_mode journal_size_limit
      locking_mode max_page_count mmap_size page_size parser_trace query_only read_uncommitted recursive_triggers
      reverse_unordered_selects secure_delete short_column_names synchronous temp_store threads user_cookie user_version
      vdbe_addoptrace vdbe_debug vdbe_listing vdbe_trace wal_autocheckpoint wal_checkpoint writable_schema schema_version
    ].freeze
    BOOLEANS = %w[
      automatic_index cell_size_check checkpoint_fullfsync count_changes defer_foreign_keys foreign_keys full_column_names
      fullfsync ignore_check_constraints query_only read_uncommitted recursive_triggers reverse_unordered_selects
      short_column_names writable_schema
    ].freeze

    NAMES.each do |name|
      if BOOLEANS.include?(name)
        define_method(name) { get_first_value("PRAGMA #{name}") != 0 }
        define_method("#{name}=") { |value| execute("PRAGMA #{name}=#{Pragmas.switch(value)}") }
      else
        define_method(name) { get_first_value("PRAGMA #{name}") }
        define_method("#{name}=") { |value| execute("PRAGMA #{name}=#{value}") }
      end
    end

    def self.switch(value)
      on = value == true || value.to_s.match?(/\A(?:on|yes|true|y|t|1)\z/i)
      on ? "ON" : "OFF"
    end

    def table_info(table) = prepare("PRAGMA table_info(#{table})").to_a

    def index_list(table) = prepare("PRAGMA index_list(#{table})").to_a

    def index_info(index) = prepare("PRAGMA index_info(#{index})").to_a

    def foreign_key_list(table) = prepare("PRAGMA foreign_key_list(#{table})").to_a

    def integrity_check = prepare("PRAGMA integrity_check").to_a
  end

  class Database
    include Pragmas

    class << self
      def open(*arguments, **options)
        database = new(*arguments, **options)
        return database unless block_given?

        begin
          yield database
        ensure
          database.close
        end
      end

      def quote(text) = text.gsub("'", "''")
    end

    attr_accessor :results_as_hash
    attr_reader :changes, :total_changes, :last_insert_row_id

    def initialize(filename, options = {}, _zvfs = nil)
      @filename = filename
      @readonly = options[:readonly] || false
      @results_as_hash = options[:results_as_hash] || false
      @changes = @total_changes = @last_insert_row_id = 0
      @session = Dunlin.session
      @connection = @session.connect("sqlite")
      @closed = false
    end

    # -- statements

    def prepare(sql)
      statement = Statement.new(self, sql)
      return statement unless block_given?

      begin
        yield statement
      ensure
        statement.close unless statement.closed?
      end
    end

    def execute(sql, binds = [], *more, &block)
      prepare(sql) do |statement|
        statement.bind_params(binds, *more) unless binds.nil? || (binds.respond_to?(:empty?) && binds.empty?)
        columns = statement.columns
        rows = statement.to_a
        rows = rows.map { |row| columns.zip(row).to_h } if results_as_hash
        block ? rows.each(&block) : rows
      end
    end

    def execute2(sql, *binds)
      prepare(sql) do |statement|
        statement.bind_params(*binds) unless binds.empty?
        rows = statement.to_a
        [statement.columns, *rows]
      end
    end

    def query(sql, binds = [])
      statement = prepare(sql)
      statement.bind_params(binds) unless binds.empty?
      result = ResultSet.new(self, statement)
      block_given? ? yield(result) : result
    end

    def execute_batch(sql, binds = [], *)
      last = nil
      Dunlin::SqliteText.split(Dunlin::Text.of(sql)).each do |each|
        prepare(each.text) do |statement|
          statement.bind_params(binds) unless binds.empty? || each.parameters.empty?
          last = statement.step
        end
      end
      last
    end

    def execute_batch2(sql)
      Dunlin::SqliteText.split(Dunlin::Text.of(sql)).flat_map { |each| execute(each.text) }
    end

    def get_first_row(sql, *binds) = execute(sql, binds.flatten).first

    def get_first_value(sql, *binds)
      row = get_first_row(sql, *binds)
      row.is_a?(Hash) ? row.values.first : row&.first
    end

    CHANGING = %w[INSERT UPDATE DELETE REPLACE WITH].freeze

    # Sends one statement, and keeps the counts that SQLite keeps.
    def send_statement(sql, parameters)
      raise MisuseException, "cannot use a closed database" if @closed

      query = { "sql" => sql, "single" => true }
      query["parameters"] = parameters if parameters
      result = @session.query(@connection, query)
      count(result, sql)
      result
    rescue Dunlin::EngineError => error
      made = Exception.of(error["code"] || 1, Dunlin::Text.of(error.message), sql)
      raise Dunlin::Failure.from_answer(made, error.answer)
    end

    # -- transactions

    def transaction(mode = nil)
      execute("begin #{mode || :deferred} transaction")
      return true unless block_given?

      done = false
      begin
        yield self
        done = true
      ensure
        done ? commit : rollback
      end
    end

    def commit
      execute("commit transaction")
      true
    end

    def rollback
      execute("rollback transaction")
      true
    end

    def transaction_active? = @connection.transaction?

    # -- what a database knows

    def filename(_name = "main") = @session.server["database"]

    def encoding = Encoding::UTF_8

    def readonly? = @readonly

    def closed? = @closed

    def close
      return self if @closed

      @closed = true
      @session.disconnect(@connection)
      self
    end

    def complete?(sql) = sql.strip.end_with?(";")

    def errmsg = "not an error"

    def errcode = 0

    # How long to wait for a lock is the engine's business.
    def busy_timeout(_milliseconds = nil) = self
    alias busy_timeout= busy_timeout
    alias busy_handler_timeout= busy_timeout

    def busy_handler(*) = self

    def extended_result_codes=(_on); end

    def enable_load_extension(_on) = self

    def load_extension(file) = raise(SQLException, "extensions of SQLite are not loaded here: #{file}")

    def interrupt = nil

    def trace(*) = nil

    def collation(*) = raise(SQLException, "collations are not defined from a migration here")

    def create_function(*) = raise(SQLException, "functions are not defined from a migration here")

    private

    def count(result, sql)
      verb = sql[/[A-Za-z]+/].to_s.upcase
      return unless CHANGING.include?(result.tag.to_s.upcase[/\w+/] || verb)
      return if verb == "WITH" && result.rows? && !sql.match?(/\breturning\b/i)

      @changes = result.columns.empty? ? result.affected.to_i : result.rows.size
      @total_changes += @changes
      @last_insert_row_id = result.last_id if result.last_id
    end
  end
end
