# frozen_string_literal: true

# The engine's one database session, as all connections of the guest share it.
#
# ActiveRecord begins and commits on connections. The engine has a transaction open when a migration begins, and writes
# its history row and commits when it ends: the first BEGIN of a connection takes that transaction over, and the last
# COMMIT or ROLLBACK is held back until something shows that it was not the last.

module Dunlin
  # A driver's connection, as the session sees it.
  class Connection
    # Whether it holds the engine's transaction.
    attr_accessor :owner
    # The savepoint that stands for its transaction while another connection holds the engine's.
    attr_accessor :savepoint
    # Whether a statement failed in its transaction, which PostgreSQL then refuses to continue.
    attr_accessor :failed

    def transaction? = owner || !savepoint.nil?
  end

  # There is nothing to send a statement to.
  class NoConnection < StandardError; end

  # What a statement does to a transaction.
  module Control
    NAME = /(?:"([^"]+)"|`([^`]+)`|([A-Za-z_][A-Za-z0-9_]*))/
    PATTERNS = [
      [:begin, /\A\s*(?:BEGIN|START\s+TRANSACTION)(?:\s+(?:WORK|TRANSACTION|DEFERRED|IMMEDIATE|EXCLUSIVE))*\s*;?\s*\z/i],
      # Modes travel with it: `transaction(isolation: …)` on PostgreSQL.
      [:begin, /\A\s*BEGIN\s+(?:TRANSACTION\s+)?((?:ISOLATION\s+LEVEL|READ)\s[A-Za-z\s]+?)\s*;?\s*\z/i],
      [:commit, /\A\s*(?:COMMIT|END)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*\z/i],
      [:rollback, /\A\s*(?:ROLLBACK|ABORT)(?:\s+(?:WORK|TRANSACTION))?\s*;?\s*\z/i],
      # An outermost transaction that has sent nothing but is taken back goes on.
      [:restart, /\A\s*ROLLBACK\s+AND\s+CHAIN\s*;?\s*\z/i],
      [:set, /\A\s*SAVEPOINT\s+#{NAME}\s*;?\s*\z/i],
      [:release, /\A\s*RELEASE\s+(?:SAVEPOINT\s+)?#{NAME}\s*;?\s*\z/i],
      [:back, /\A\s*ROLLBACK\s+(?:(?:WORK|TRANSACTION)\s+)?TO\s+(?:SAVEPOINT\s+)?#{NAME}\s*;?\s*\z/i],
    ].freeze
    FIRST = /\A\s*(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE)\b/i

    # `[action, name or modes]`, or nil. ActiveRecord may append a comment (`query_log_tags`).
    def self.of(sql)
      return unless FIRST.match?(sql)

      plain = sql.sub(%r{\s*/\*.*?\*/\s*\z}m, "")
      PATTERNS.each do |action, pattern|
        match = pattern.match(plain)
        return [action, match.captures.compact.first] if match
      end
      nil
    end
  end

  class Session
    attr_accessor :engine, :server

    def initialize
      @engine = nil
      @server = nil
      # Why statements cannot be sent now; nil when they can.
      @closed = "no migration runs"
      # How deep we are in what a connection begins with.
      @introducing = 0
      @known = {}
      @connections = []
      reset(false)
    end

    def dialect = @server && @server["dialect"]

    # A setting of the server that drivers know without asking.
    def setting(name)
      told = (@server && @server["settings"]) || {}
      told[name]
    end

    # A statement may have changed a setting.
    def set(name, value)
      (@server["settings"] ||= {})[name] = value
    end

    # -- the life of a migration

    # Begins a run, in the engine's transaction or outside of one.
    def open(in_transaction)
      @closed = nil
      @known.clear
      reset(in_transaction)
    end

    # Ends it. A commit that was held back is the engine's; so is a rollback of a migration that failed.
    def close(succeeded)
      settle if succeeded && @due == :rollback
    ensure
      @closed = "no migration runs"
      reset(false)
    end

    # Whether the outermost transaction was taken back at last.
    def undone? = @due == :rollback

    def open? = @closed.nil?

    # Whether types of PostgreSQL may have been made or dropped.
    def types_changed? = @types_changed

    # What is sent in the block is what a connection begins with, and none of the migration's.
    def introduce
      @introducing += 1
      yield
    ensure
      @introducing -= 1
    end

    # A driver connects to a server of one of these dialects.
    def connect(*dialects)
      require_open
      unless dialects.include?(dialect)
        raise NoConnection, "the code connects to #{dialects.first}, but the engine is connected to #{dialect || "nothing"}"
      end

      connection = Connection.new
      @connections << connection
      connection
    end

    # A driver's connection ends.
    def disconnect(connection)
      @connections.delete(connection)
      finish(connection, :rollback) if open? && connection.transaction?
    end

    # -- statements

    # Sends a statement of a connection; `query` has the keys of the protocol's question.
    def query(connection, query)
      require_open
      sql = query["sql"]
      return introduced(query) if @introducing.positive?

      found = query["parameters"].nil? && Control.of(sql)
      return control(connection, *found, sql) if found

      settle unless connection.owner
      send_query(connection, query)
    end

    private

    def reset(in_transaction)
      @types_changed = false
      @in_transaction = in_transaction
      @owner = nil
      # `:commit` or `:rollback`, held back.
      @due = nil
      @savepoints = 0
      @connections.each do |connection|
        connection.owner = connection.savepoint = connection.failed = nil
      end
    end

    # As where no server answers: applications that ask the database while they are loaded are written for that.
    def require_open
      return unless @closed

      kind = defined?(ActiveRecord::ConnectionNotEstablished) ? ActiveRecord::ConnectionNotEstablished : NoConnection
      raise kind, "there is no connection to a database while #{@closed}"
    end

    TYPES = /\b(?:TYPE|EXTENSION|DOMAIN)\b/i

    def send_query(connection, query)
      @types_changed ||= dialect == "postgres" && TYPES.match?(query["sql"])
      @engine.query(query.merge(Frames.running))
    rescue EngineError
      connection.failed = true if connection.transaction?
      raise
    end

    READS = /\A\s*(?:SELECT|SHOW|PRAGMA\s+\w+\s*;?\s*\z|WITH)\b/i

    # What a connection begins with. Questions are asked once.
    def introduced(query)
      sql = query["sql"]
      reads = READS.match?(sql) && !/\bset_config\b/i.match?(sql)
      # How SQLite keeps its file and whether it enforces foreign keys is the engine's business, which does not ask.
      return Result.empty(sql[/\w+/].to_s.upcase) if dialect == "sqlite" && !reads

      key = [sql, query["parameters"]]
      return @known[key] if reads && @known.key?(key)

      result = @engine.query(query.merge("own" => true))
      @known[key] = result if reads
      result
    end

    # -- transactions

    def control(connection, action, name, sql)
      case action
      when :begin then start(connection, name)
      when :commit, :rollback then finish(connection, action)
      when :restart
        finish(connection, :rollback)
        start(connection, nil)
      when :set, :release then @engine.savepoint(action.to_s, name)
      when :back
        @engine.savepoint("rollback", name)
        connection.failed = false
      end
      Result.empty(sql[/\w+/].upcase)
    end

    def settle
      due, @due = @due, nil
      return unless due

      @in_transaction = false
      due == :commit ? @engine.commit : @engine.rollback
    end

    def start(connection, modes)
      return start_again(connection) if connection.transaction?

      settle
      connection.failed = false
      if !@in_transaction
        @engine.begin
        @in_transaction = true
      elsif @owner
        connection.savepoint = "dunlin_#{@savepoints += 1}"
        @engine.savepoint("set", connection.savepoint)
        return
      end
      @owner = connection
      connection.owner = true
      @engine.query({ "sql" => "SET TRANSACTION #{modes}" }) if modes
    end

    # BEGIN in a transaction: PostgreSQL warns, MySQL commits, SQLite refuses.
    def start_again(connection)
      case dialect
      when "sqlite"
        raise EngineError, { "message" => "cannot start a transaction within a transaction", "code" => 1 }
      when "postgres" then nil
      else
        finish(connection, :commit)
        start(connection, nil)
      end
    end

    def finish(connection, how)
      # PostgreSQL takes back what it is told to commit after an error.
      how = :rollback if how == :commit && connection.failed && dialect == "postgres"
      connection.failed = false
      if connection.savepoint
        name, connection.savepoint = connection.savepoint, nil
        @engine.savepoint("rollback", name) if how == :rollback
        @engine.savepoint("release", name)
      elsif connection.owner
        connection.owner = false
        @owner = nil
        @due = how
      elsif dialect == "sqlite"
        raise EngineError, { "message" => "cannot #{how} - no transaction is active", "code" => 1 }
      elsif @in_transaction && how == :commit
        # `execute "COMMIT"` where the library has no transaction open, but the engine has.
        @due = how
      end
    end
  end

  def self.session = @session ||= Session.new
end
