# frozen_string_literal: true

# Errors and notices of PostgreSQL as libpq words them, which is what `pg` shows.

module PG
  module ErrorText
    WIDEST = 60
    LEAST_RIGHT = 10

    class << self
      # PQresultErrorMessage() of an error that the engine answered, at the default verbosity.
      def of(error, sql)
        lines = ["#{error["severity"] || "ERROR"}:  #{error["message"]}"]
        lines.concat(excerpt(sql, error["position"].to_i)) if error["position"] && sql
        { "DETAIL" => "detail", "HINT" => "hint", "QUERY" => "internal_query", "CONTEXT" => "context" }.each do |label, key|
          value = error[key]
          lines << "#{label}:  #{value}" unless value.nil? || value.empty?
        end
        "#{lines.join("\n")}\n"
      end

      private

      # The line that an error points to, at most 60 columns of it, and a caret below.
      def excerpt(sql, position)
        index = position - 1
        return [] unless index.between?(0, sql.length)

        text = sql.tr("\t", " ")
        # libpq counts "\r", "\n" and "\r\n" as ends of a line, once each.
        first = index.zero? ? 0 : (text.rindex(/[\r\n]/, index - 1) || -1) + 1
        number = 1 + text[0, first].scan(/\r\n?|\n/).size
        last = text.index(/[\r\n]/, index) || text.length
        line, before, after, column = shortened(text[first...last], index - first)
        head = "LINE #{number}: #{before}"
        [head + line + after, "#{" " * (width(head) + width(line[0, column]))}^"]
      end

      def shortened(line, column)
        return [line, "", "", column] if line.length <= WIDEST
        return [line[0, WIDEST], "", "...", column] if column + LEAST_RIGHT < WIDEST

        # Keep some columns to the right of the error where there are any.
        last = [line.length, column + LEAST_RIGHT].min
        first = [0, last - WIDEST].max
        after = last < line.length ? "..." : ""
        [line[first...last], first.positive? ? "..." : "", after, column - first]
      end

      WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/

      # Columns of a terminal, as libpq's encodings count them: wide characters of East Asia take two.
      def width(text) = text.gsub(/\p{Mn}/, "").length + text.scan(WIDE).size
    end
  end
end
