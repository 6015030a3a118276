# frozen_string_literal: true

# Values of `sqlite3` as the step protocol has them.

module SQLite3
  class Blob < String; end

  module Values
    class << self
      def parameter(value)
        case value
        when nil then nil
        when Integer then { "int" => value.to_s }
        when Float then { "real" => real(value) }
        when Blob then { "bytes" => [value].pack("m0") }
        when String
          value.encoding == Encoding::BINARY ? { "bytes" => [value].pack("m0") } : { "text" => Dunlin::Text.of(value) }
        when Symbol then { "text" => value.to_s }
        else raise "can't prepare #{value.class.name}"
        end
      end

      def read(value)
        return value unless value.is_a?(Hash)
        return value["int"].to_i if value.key?("int")
        return number(value["real"]) if value.key?("real")

        value["bytes"].unpack1("m")
      end

      private

      def real(value)
        return value.to_s if value.finite?

        value.nan? ? "NaN" : (value.positive? ? "Infinity" : "-Infinity")
      end

      def number(text)
        case text
        when /\A[+]?inf/i then Float::INFINITY
        when /\A-inf/i then -Float::INFINITY
        else text.to_f
        end
      end
    end
  end
end
