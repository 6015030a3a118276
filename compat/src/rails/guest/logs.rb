# frozen_string_literal: true

# What the project and its libraries print: told to the engine line by line, in its order among the statements.

module Dunlin
  module Logs
    # Stands in for an output stream of Ruby.
    class Stream
      attr_accessor :sync, :lineno

      def initialize(logger, engine, descriptor)
        @logger = logger
        @engine = engine
        @descriptor = descriptor
        @unfinished = +""
      end

      def write(*values)
        size = 0
        values.each do |value|
          text = Text.of(value)
          size += text.bytesize
          @unfinished << text
        end
        while (finish = @unfinished.index("\n"))
          line = @unfinished.slice!(0..finish)
          @engine.log("info", @logger, line.chomp)
        end
        size
      end

      # At the end of an exchange: a last line that was not ended.
      def finish
        return if @unfinished.empty?

        line, @unfinished = @unfinished, +""
        @engine.log("info", @logger, line)
      end

      def print(*values)
        values = [$_] if values.empty?
        write(*values)
        nil
      end

      def puts(*values)
        return write("\n") && nil if values.empty?

        values.flatten.each do |value|
          text = Text.of(value)
          write(text.end_with?("\n") ? text : "#{text}\n")
        end
        nil
      end

      def p(*values) = puts(*values.map(&:inspect))

      def <<(value)
        write(value)
        self
      end

      def printf(*values) = print(format(*values))

      def putc(value)
        write(value.is_a?(Integer) ? (value & 255).chr : value.to_s[0])
        value
      end

      alias syswrite write
      alias write_nonblock write

      def flush = self

      def fsync = 0

      def tty? = false
      alias isatty tty?

      def fileno = @descriptor

      def winsize = [24, 80]

      def closed? = false

      def close = nil

      def binmode = self

      def external_encoding = Encoding::UTF_8

      def set_encoding(*) = self

      def reopen(*) = self
    end

    class << self
      # Takes over standard output and standard error.
      def install(engine)
        @streams = [Stream.new("stdout", engine, 1), Stream.new("output", engine, 2)]
        $stdout, $stderr = @streams
      end

      def finish
        @streams&.each(&:finish)
      end
    end
  end
end
