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
        text = error.class.name.to_s if text.empty?
        [error.instance_variable_get(:@dunlin_while), text].compact.join(": ")
      end

      # Says of what is raised in the block what could not be done.
      def saying(text)
        yield
      rescue StandardError, ScriptError, SystemStackError => error
        error.instance_variable_set(:@dunlin_while, text) unless error.frozen?
        raise
      end

      # Remembers that a driver made this error of an answer of the engine; gives it back.
      def from_answer(error, answer)
        error.instance_variable_set(:@dunlin_answer, answer)
        error
      end

      private

      def given?(error) = error.message != "exit"

      # As Ruby prints it; of the calls only where it was raised and the project's, as Rails' own cleaner of backtraces leaves them.
      def traceback(error)
        raised, *calls = error.backtrace || []
        calls.select! { |call| Frames.in_project?(call[/\A(.+?):\d+/, 1]) }
        ["#{raised || "ruby"}: #{error.message} (#{error.class})", *calls.map { |call| "\tfrom #{call}" }].join("\n")
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
