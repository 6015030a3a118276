# frozen_string_literal: true

# As much of SQLite's syntax as its driver has to see: where a statement ends, its words and its parameters.

require "strscan"

module Dunlin
  module SqliteText
    SPACE = /[ \t\n\f\r]+|--[^\n]*(?:\n|\z)|\/\*.*?(?:\*\/|\z)/m
    QUOTED = /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?/
    PARAMETER = /\?\d*|[:@#$][\w\u0080-\u{10ffff}]+/
    WORD = /[A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*/
    NUMBER = /\d[\w.]*/

    Statement = Struct.new(:text, :rest, :words, :parameters)

    class << self
      # The first statement with what follows it, its words in capitals, and the names of its parameters, nil for `?`.
      def read(sql)
        scanner = StringScanner.new(sql)
        words = []
        parameters = []
        depth = 0
        until scanner.eos?
          next if scanner.skip(SPACE) || scanner.skip(NUMBER)

          if scanner.skip(QUOTED) then words << "'" if words.empty?
          elsif (name = scanner.scan(PARAMETER)) then note(parameters, name)
          elsif (word = scanner.scan(WORD))
            words << word.upcase
            depth = depth_after(words, depth)
          elsif scanner.skip(/;/)
            next if words.empty? || depth.positive?

            return Statement.new(sql.byteslice(0, scanner.pos - 1), scanner.rest, words, parameters)
          else scanner.getch
          end
        end
        Statement.new(sql, "", words, parameters)
      end

      # Texts of all statements.
      def split(sql)
        statements = []
        until sql.empty?
          statement = read(sql)
          statements << statement unless statement.words.empty?
          sql = statement.rest
        end
        statements
      end

      private

      # A trigger's semicolons end nothing.
      def depth_after(words, depth)
        return depth unless words[0] == "CREATE" && words[1..3].include?("TRIGGER")

        case words.last
        when "BEGIN", "CASE" then depth + 1
        when "END" then [depth - 1, 0].max
        else depth
        end
      end

      # As sqlite3_bind_parameter_name() gives them.
      def note(parameters, name)
        if name == "?" then parameters << nil
        elsif name.start_with?("?")
          number = name[1..].to_i
          parameters << nil while parameters.size < number
          parameters[number - 1] ||= name
        elsif !parameters.include?(name) then parameters << name
        end
      end
    end
  end
end
