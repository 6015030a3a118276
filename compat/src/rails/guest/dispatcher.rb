# frozen_string_literal: true

# The messages of the engine, and what they make happen.

require_relative "wire"
require_relative "frames"
require_relative "failure"
require_relative "logs"
require_relative "session"
require_relative "determinism"
require_relative "environment"
require_relative "migration"
require_relative "references"
require_relative "calls"

module Dunlin
  PROTOCOL = 1

  # One guest, from `start` to `stop`.
  class Dispatcher
    attr_reader :engine, :environment

    # `exchange` takes the text of a question and gives that of its answer; `carrier` says how libraries are found here.
    def initialize(exchange, carrier)
      @engine = Engine.new(exchange)
      @carrier = carrier
      @environment = nil
    end

    # The final message for one of the engine; nil after `stop`.
    def converse(text)
      message = JSON.parse(text)
      return if message["type"] == "stop"

      final = begin
        handle(message)
      rescue SystemExit => error
        # `abort` and `exit` in a migration end the migration, not the guest.
        Failure.failed(error)
      rescue SignalException, NoMemoryError
        raise
      rescue Exception => error # rubocop:disable Lint/RescueException -- a migration may raise what is no StandardError
        Failure.failed(error)
      end
      Logs.finish
      JSON.generate(final)
    end

    private

    def handle(message)
      case message["type"]
      when "start" then start(message)
      when "load" then { "type" => "loaded", "problems" => References.problems(@environment, message["migrations"]) }
      when "run"
        Migration.run(@environment, message)
        { "type" => "done" }
      when "call"
        { "type" => "done", "value" => Calls.call(@environment, message["name"], message["arguments"] || {}) }
      else raise "unknown message #{message["type"].inspect}"
      end
    end

    def start(message)
      # The engine compares the versions and refuses.
      return ready([]) if message["protocol"] != PROTOCOL

      Frames.project = message["project"]
      session = Dunlin.session
      session.engine = @engine
      session.server = message["server"]
      Logs.install(@engine)
      @carrier.install(message)
      @environment = Environment.new(message, @carrier)
      @environment.load_library
      add_own_folders(message["project"])
      ready(@environment.libraries)
    end

    # What every application can require from: Rails::Engine::Configuration#paths. Gems come first, as they are loaded by now.
    def add_own_folders(project)
      folders = %w[vendor lib].map { |name| File.join(project.to_s, name) }
      folders.each { |folder| $LOAD_PATH.unshift(folder) if File.directory?(folder) && !$LOAD_PATH.include?(folder) }
    end

    def ready(libraries)
      { "type" => "ready", "protocol" => PROTOCOL, "interpreter" => "CRuby #{RUBY_VERSION}", "libraries" => libraries }
    end
  end
end
