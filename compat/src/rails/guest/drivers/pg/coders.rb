# frozen_string_literal: true

# Values as text and back: the coders and type maps of `pg`, whose own are compiled.

require "date"
require "json"
require "strscan"

module PG
  class Coder
    TIMESTAMP_DB_UTC = 0
    TIMESTAMP_DB_LOCAL = 1
    TIMESTAMP_APP_UTC = 0
    TIMESTAMP_APP_LOCAL = 2
    FORMAT_ERROR_MASK = 0x0c
    FORMAT_ERROR_TO_RAISE = 4
    FORMAT_ERROR_TO_STRING = 8
    FORMAT_ERROR_TO_PARTIAL = 12

    attr_accessor :oid, :format, :flags, :name

    def initialize(hash = nil, **keywords)
      @oid = 0
      @format = 0
      @flags = 0
      params = (hash || {}).merge(keywords)
      params.each { |key, value| public_send(:"#{key}=", value) }
    end

    def to_h = { oid: oid, format: format, flags: flags, name: name }

    def ==(other) = other.is_a?(Coder) && other.class == self.class && other.to_h == to_h

    def dup = self.class.new(to_h)

    def inspect = "#<#{self.class} #{name} oid=#{oid}>"
  end

  class SimpleCoder < Coder; end
  class SimpleEncoder < SimpleCoder; end

  class SimpleDecoder < SimpleCoder
    def decode(value, _tuple = nil, _field = nil) = value
  end

  class CompositeCoder < Coder
    attr_accessor :elements_type, :delimiter
    attr_writer :needs_quotation

    def initialize(hash = nil, **keywords)
      @needs_quotation = true
      @delimiter = ","
      @elements_type = nil
      super
    end

    def needs_quotation? = @needs_quotation

    def to_h = super.merge(elements_type: elements_type, needs_quotation: needs_quotation?, delimiter: delimiter)
  end

  class CompositeEncoder < CompositeCoder; end
  class CompositeDecoder < CompositeCoder; end

  module TextEncoder
    class String < SimpleEncoder
      def encode(value, *) = value&.to_s
    end

    class Integer < SimpleEncoder
      def encode(value, *) = value && value.to_i.to_s
    end

    class Float < SimpleEncoder
      def encode(value, *)
        return if value.nil?
        return value.nan? ? "NaN" : (value.positive? ? "Infinity" : "-Infinity") if value.is_a?(::Float) && !value.finite?

        value.to_f.to_s
      end
    end

    class Numeric < SimpleEncoder
      def encode(value, *) = value.is_a?(BigDecimal) ? value.to_s("F") : value&.to_s
    end

    class Boolean < SimpleEncoder
      def encode(value, *)
        case value
        when nil then nil
        when true then "t"
        when false then "f"
        else value.to_s
        end
      end
    end

    class Bytea < SimpleEncoder
      def encode(value, *) = value && "\\x#{value.unpack1("H*")}"
    end

    class Identifier < SimpleEncoder
      def encode(value, *) = Connection.quote_ident(value)
    end

    class QuotedLiteral < SimpleEncoder
      attr_accessor :elements_type

      def encode(value, *) = "'#{(elements_type ? elements_type.encode(value) : value.to_s).gsub("'", "''")}'"
    end

    class JSON < SimpleEncoder
      def encode(value, *) = ::JSON.generate(value)
    end

    class Date < SimpleEncoder
      def encode(value, *) = value.respond_to?(:strftime) ? value.strftime("%Y-%m-%d") : value&.to_s
    end

    class TimestampWithoutTimeZone < SimpleEncoder
      def encode(value, *) = value.respond_to?(:strftime) ? value.strftime("%Y-%m-%d %H:%M:%S.%N") : value&.to_s
    end

    class TimestampUtc < SimpleEncoder
      def encode(value, *) = value.respond_to?(:utc) ? value.utc.strftime("%Y-%m-%d %H:%M:%S.%N") : value&.to_s
    end

    class TimestampWithTimeZone < SimpleEncoder
      def encode(value, *) = value.respond_to?(:strftime) ? value.strftime("%Y-%m-%d %H:%M:%S.%N %:z") : value&.to_s
    end

    class Array < CompositeEncoder
      def encode(value, *)
        return value unless value.is_a?(::Array)

        "{#{value.map { |element| element(element) }.join(delimiter)}}"
      end

      private

      def element(value)
        case value
        when nil then "NULL"
        when ::Array then encode(value)
        else quote((elements_type ? elements_type.encode(value) : value).to_s)
        end
      end

      # As the compiled encoder does it: what the server could read otherwise is put into quotes.
      def quote(text)
        return text unless needs_quotation?
        return text if !text.empty? && !text.casecmp?("NULL") && !text.match?(/["\\{}\s]/) && !text.include?(delimiter)

        %("#{text.gsub(/["\\]/) { |character| "\\#{character}" }}")
      end
    end
  end

  module TextDecoder
    class String < SimpleDecoder; end

    class Integer < SimpleDecoder
      def decode(value, *) = value&.to_i
    end

    class Float < SimpleDecoder
      def decode(value, *)
        case value
        when nil then nil
        when "NaN" then ::Float::NAN
        when "Infinity" then ::Float::INFINITY
        when "-Infinity" then -::Float::INFINITY
        else value.to_f
        end
      end
    end

    class Numeric < SimpleDecoder
      def decode(value, *) = value && BigDecimal(value)
    end

    class Boolean < SimpleDecoder
      def decode(value, *)
        return if value.nil? || value.empty?

        value.start_with?("t")
      end
    end

    class Bytea < SimpleDecoder
      def decode(value, *) = value && Connection.unescape_bytea(value)
    end

    class Identifier < SimpleDecoder; end

    class JSON < SimpleDecoder
      def decode(value, *) = value && ::JSON.parse(value, quirks_mode: true)
    end

    class Inet < SimpleDecoder
      def decode(value, *)
        require "ipaddr"
        value && IPAddr.new(value)
      end
    end

    class Date < SimpleDecoder
      def decode(value, *)
        match = value&.match(/\A(\d{4,})-(\d\d)-(\d\d)( BC)?\z/)
        return value unless match

        year = match[1].to_i
        ::Date.new(match[4] ? 1 - year : year, match[2].to_i, match[3].to_i)
      end
    end

    # Times as the server writes them in ISO style; whatever else it writes (`infinity`) stays text.
    class Timestamp < SimpleDecoder
      PATTERN = /\A(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?)?( BC)?\z/

      def decode(value, *)
        match = value && PATTERN.match(value)
        return value unless match

        year = match[12] ? 1 - match[1].to_i : match[1].to_i
        second = match[7] ? Rational("#{match[6]}.#{match[7]}") : match[6].to_i
        parts = [year, match[2].to_i, match[3].to_i, match[4].to_i, match[5].to_i, second]
        match[8] ? with_zone(parts, match) : without_zone(parts)
      end

      private

      def with_zone(parts, match)
        offset = (match[9].to_i * 3600) + (match[10].to_i * 60) + match[11].to_i
        offset = -offset if match[8] == "-"
        time = Time.utc(*parts) - offset
        (flags & Coder::TIMESTAMP_APP_LOCAL).zero? ? time : time.localtime
      end

      def without_zone(parts)
        time = (flags & Coder::TIMESTAMP_DB_LOCAL).zero? ? Time.utc(*parts) : Time.local(*parts)
        (flags & Coder::TIMESTAMP_APP_LOCAL).zero? ? time.utc : time.localtime
      end
    end

    class TimestampUtc < Timestamp; end

    class TimestampUtcToLocal < Timestamp
      def initialize(hash = nil, **keywords)
        super
        @flags |= Coder::TIMESTAMP_APP_LOCAL
      end
    end

    class TimestampLocal < Timestamp
      def initialize(hash = nil, **keywords)
        super
        @flags |= Coder::TIMESTAMP_DB_LOCAL | Coder::TIMESTAMP_APP_LOCAL
      end
    end

    TimestampWithoutTimeZone = TimestampLocal
    TimestampWithTimeZone = Timestamp

    class Array < CompositeDecoder
      def decode(value, *)
        return value if value.nil?

        # The bounds of an array that does not begin at 1 stand before it.
        scanner = StringScanner.new(value.sub(/\A\s*(?:\[-?\d+:-?\d+\])+=/, ""))
        scanner.skip(/\s*\{/) ? parse(scanner) : []
      end

      private

      # As the compiled decoder reads: of what no server sends, as far as it comes.
      def parse(scanner)
        elements = []
        return elements if scanner.skip(/\}/)

        plain = /[^#{Regexp.escape(delimiter)}{}"]+/
        # What is read of an element; nil behind an array in the array.
        word, quoted = +"", false
        until scanner.eos?
          if (text = scanner.scan(plain)) then (word ||= +"") << text
          elsif scanner.skip(/\{/)
            elements << parse(scanner)
            word = nil
          elsif scanner.skip(/"/)
            quoted = true
            (word ||= +"") << scanner.scan(/(?:[^"\\]|\\.)*/m).gsub(/\\(.)/m, '\1')
            scanner.skip(/\\?"/) || scanner.terminate
          else
            elements << (!quoted && word == "NULL" ? nil : element(word)) if word
            return elements if scanner.getch == "}"

            word, quoted = +"", false
          end
        end
        elements
      end

      def element(text) = elements_type ? elements_type.decode(text) : text
    end
  end

  module BinaryEncoder
    class Bytea < SimpleEncoder
      def encode(value, *) = value
    end
    String = Bytea
  end

  module BinaryDecoder
    class Bytea < SimpleDecoder; end
    String = Bytea
  end
end
