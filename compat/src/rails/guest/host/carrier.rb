# frozen_string_literal: true

# The guest as a child process: one message a line on standard input and output.

require_relative "../dispatcher"
require_relative "../packages"

module Dunlin
  class HostCarrier
    def initialize
      # What children of the project print belongs to the logs, not to the messages.
      @messages = $stdin.dup
      @answers = $stdout.dup
      [@messages, @answers].each { |stream| stream.set_encoding(Encoding::UTF_8) && stream.close_on_exec = true }
      $stdin.reopen(File::NULL)
      $stdout.reopen($stderr)
      @answers.sync = true
    end

    def serve
      dispatcher = Dispatcher.new(method(:exchange), self)
      while (line = @messages.gets)
        final = dispatcher.converse(line)
        break unless final

        @answers.write(final, "\n")
      end
      # Threads of the project do not keep the process.
      exit!(0)
    end

    # -- what the guest asks of its carrier

    def install(message)
      Dir.chdir(message["project"]) if message["project"]
      (message["import_paths"] || []).reverse_each { |path| $LOAD_PATH.unshift(path) unless $LOAD_PATH.include?(path) }
      Packages.install
    end

    def enter; end

    def version_of(name)
      specification(name)&.version&.to_s
    end

    # Whether a gem is among the project's; without Bundler, whether it is installed.
    def bundled?(name) = !specification(name).nil?

    private

    def specification(name)
      return unless defined?(Gem)

      Gem.loaded_specs[name] || (defined?(Bundler) ? nil : Gem::Specification.find_all_by_name(name).first)
    end

    def exchange(question)
      @answers.write(question, "\n")
      @messages.gets || raise(IOError, "the engine is gone")
    end
  end
end
