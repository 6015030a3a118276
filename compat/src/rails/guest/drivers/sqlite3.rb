# frozen_string_literal: true

# The module `sqlite3` over the engine's session, in place of the gem, which is compiled.

require_relative "sqlite_text"

module SQLite3
  # ActiveRecord 8 wants 2.1 at least; what is older, 1.4.
  VERSION = defined?(ActiveRecord::VERSION) && ActiveRecord::VERSION::MAJOR < 8 ? "1.7.3" : "2.1.0"

  module Constants
    module Open
      READONLY = 0x01
      READWRITE = 0x02
      CREATE = 0x04
      DELETEONCLOSE = 0x08
      EXCLUSIVE = 0x10
      URI = 0x40
      MEMORY = 0x80
      MAIN_DB = 0x100
      NOMUTEX = 0x8000
      FULLMUTEX = 0x10000
      SHAREDCACHE = 0x20000
      PRIVATECACHE = 0x40000
      WAL = 0x80000
    end
  end

  def self.libversion = SQLITE_VERSION.split(".").each_with_index.sum { |part, index| part.to_i * (1000**(2 - index)) }

  def self.sqlcipher? = false

  def self.threadsafe? = true

  def self.threadsafe = 1

  module ForkSafety
    def self.suppress_warnings! = nil
  end
end

require_relative "sqlite3/errors"
require_relative "sqlite3/values"
require_relative "sqlite3/statement"
require_relative "sqlite3/database"

SQLite3::SQLITE_VERSION = (Dunlin.session.dialect == "sqlite" && Dunlin.session.server["version_text"]) || "3.46.0"
SQLite3::SQLITE_LOADED_VERSION = SQLite3::SQLITE_VERSION
