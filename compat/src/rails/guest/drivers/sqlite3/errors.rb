# frozen_string_literal: true

# The errors of `sqlite3`, by SQLite's result codes.

module SQLite3
  class Exception < ::StandardError
    attr_reader :code, :sql, :sql_offset

    def self.of(code, message, sql)
      CLASSES.fetch(code & 255, SQLException).new(message).tap { |error| error.place(code & 255, sql) }
    end

    def place(code, sql)
      @code = code
      @sql = sql
      @sql_offset = -1
    end
  end

  NAMES = {
    1 => "SQL", 2 => "Internal", 3 => "Permission", 4 => "Abort", 5 => "Busy", 6 => "Locked", 7 => "Memory", 8 => "ReadOnly",
    9 => "Interrupt", 10 => "IO", 11 => "Corrupt", 12 => "NotFound", 13 => "Full", 14 => "CantOpen", 15 => "Protocol",
    16 => "Empty", 17 => "SchemaChanged", 18 => "TooBig", 19 => "Constraint", 20 => "Mismatch", 21 => "Misuse",
    22 => "Unsupported", 23 => "Authorization", 24 => "Format", 25 => "Range", 26 => "NotADatabase"
  }.freeze

  CLASSES = NAMES.transform_values { |name| const_set("#{name}Exception", Class.new(Exception)) }.freeze
end
