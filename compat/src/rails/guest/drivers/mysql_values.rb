# frozen_string_literal: true

# Values of MySQL and MariaDB, as both of their drivers give them.

require "bigdecimal"
require "date"

module Dunlin
  # How the values of one result become Ruby's.
  class MysqlValues
    # What a date that is none is to be: `->(column, text)`.
    def initialize(columns, zone:, booleans: false, invalid: ->(_column, _text) {})
      @columns = columns
      @zone = zone
      @booleans = booleans
      @invalid = invalid
    end

    def row(values) = values.each_with_index.map { |value, index| read(value, @columns[index]) }

    private

    BINARY = 63

    def read(value, column)
      return if value.nil?

      text = value.is_a?(Hash) ? value["bytes"].unpack1("m") : value
      case column["type"]
      when 1 then @booleans && column["length"] == 1 ? text.to_i != 0 : text.to_i
      when 2, 3, 8, 9, 13 then text.to_i
      when 4, 5 then text.to_f
      when 0, 246 then column["modifier"].to_i.zero? ? text.to_i : BigDecimal(text)
      when 7, 12 then timestamp(text, column)
      when 10, 14 then date(text, column)
      when 11 then time(text)
      when 16 then @booleans && column["length"] == 1 ? text.b != "\0".b : text.b
      else text
      end
    end

    def timestamp(text, column)
      match = text.match(/\A(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?/)
      return unless match

      numbers = match.captures.first(6).map(&:to_i)
      return if numbers.all?(&:zero?)
      return @invalid.call(column, text) if numbers[1].zero? || numbers[2].zero?

      Time.public_send(@zone, *numbers, match[7].to_s.ljust(6, "0").to_i)
    end

    def date(text, column)
      match = text.match(/\A(\d{4})-(\d\d)-(\d\d)/)
      return unless match

      numbers = match.captures.map(&:to_i)
      return if numbers.all?(&:zero?)
      return @invalid.call(column, text) if numbers[1].zero? || numbers[2].zero?

      Date.new(*numbers)
    end

    # A time of day on the first day of 2000; what is longer than a day, or negative, is none.
    def time(text)
      match = text.match(/\A(\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,6}))?/)
      return unless match

      Time.public_send(@zone, 2000, 1, 1, match[1].to_i, match[2].to_i, match[3].to_i, match[4].to_s.ljust(6, "0").to_i)
    end
  end

  # What the clients of MySQL do on their side.
  module MysqlClient
    ESCAPES = { "\0" => "\\0", "\n" => "\\n", "\r" => "\\r", "\x1a" => "\\Z", "'" => "\\'", '"' => '\\"', "\\" => "\\\\" }.freeze

    # mysql_real_escape_string()
    def self.escape(text)
      if Dunlin.session.setting("sql_mode").to_s.include?("NO_BACKSLASH_ESCAPES")
        text.gsub("'", "''")
      else
        text.gsub(/[\0\n\r\x1a'"\\]/) { |character| ESCAPES[character] }
      end
    end

    def self.version_number
      major, minor, patch = Dunlin.session.server["version"]
      (major * 10_000) + (minor * 100) + patch
    end

    # A parameter of a prepared statement.
    def self.parameter(value)
      case value
      when nil then nil
      when true then { "int" => "1" }
      when false then { "int" => "0" }
      when Integer then { "int" => value.to_s }
      when Float then { "real" => value.to_s }
      when BigDecimal then { "text" => value.to_s("F") }
      when Time, DateTime then { "text" => value.strftime("%Y-%m-%d %H:%M:%S.%6N") }
      when Date then { "text" => value.strftime("%Y-%m-%d") }
      when String
        value.encoding == Encoding::BINARY ? { "bytes" => [value].pack("m0") } : { "text" => Text.of(value) }
      else { "text" => value.to_s }
      end
    end
  end
end
