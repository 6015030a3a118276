# frozen_string_literal: true

# What was raised, as the final message `failed`.

module Dunlin
  module Failure
    class << self
      def failed(error)
        place = Frames.innermost(error.backtrace_locations) || place_in_text(error) || {}
        {
          "type" => "failed",
          "message" => Text.of(message(error)),
          "path" => place["path"],
          "line" => place["line"],
          "traceback" => Text.of(traceback(error)),
          "database" => from_database?(error),
        }.compact
      end

      # As Rails prints it.
      def message(error)
        return "the code ended the process with exit status #{error.status}" if error.is_a?(SystemExit) && !given?(error)

        text = error.message.to_s
        text.empty? ? error.class.name.to_s : text
      end

      # Remembers that a driver made this error of an answer of the engine; gives it back.
      def from_answer(error, answer)
        error.instance_variable_set(:@dunlin_answer, answer)
        error
      end

      private

      def given?(error) = error.message != "exit"

      def traceback(error)
        error.full_message(highlight: false, order: :top)
      rescue StandardError
        ([error.class.name] + (error.backtrace || [])).join("\n")
      end

      # The place of a syntax error is in its text, that of an error of a template too.
      def place_in_text(error)
        return unless error.is_a?(SyntaxError)

        match = error.message.match(%r{(/[^\n:]*):(\d+):})
        match && Frames.in_project?(match[1]) ? { "path" => match[1], "line" => match[2].to_i } : nil
      end

      def from_database?(error)
        causes(error).any? { |each| each.is_a?(EngineError) || each.instance_variable_get(:@dunlin_answer) }
      end

      def causes(error)
        chain = []
        while error && chain.size < 10
          chain << error
          error = error.cause
        end
        chain
      end
    end
  end
end
