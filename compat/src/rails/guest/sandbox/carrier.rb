# frozen_string_literal: true

# The guest in the sandbox: CRuby as WebAssembly, without threads, sockets, RubyGems and files to write to.
#
# The interpreter's way to its host is a bridge to JavaScript. The engine stands at its other end: what is evaluated is a
# request, told by its first character, and its value a text.

require "js.so"

module Dunlin
  module SandboxCarrier
    # How the engine is reached.
    class Bridge
      def self.ask(kind, text = "") = JS.eval("#{kind}#{text}").to_s.force_encoding(Encoding::UTF_8)
    end

    class << self
      # Loads everything that does not depend on a project. The memory is kept after that.
      def boot
        # What the collector was set with is none of the project's.
        ENV.clear
        settings = JSON.parse(Bridge.ask("s"))
        $LOAD_PATH.concat(settings["load_path"])
        Packages.install
        require "logger"
        require "active_record"
        require "active_support/all"
        require "active_record/schema_dumper"
        use_zones_of_machine
        Warming.load(settings["adapter"])
        GC.start
        Bridge.ask("l", $LOADED_FEATURES.grep(%r{\A/}).join("\n"))
      rescue Exception => error # rubocop:disable Lint/RescueException -- whatever it is, the engine has to know
        @broken = error
      end

      # Handles the message that the engine has for us.
      def turn
        Bridge.ask("f", final(Bridge.ask("m")))
      end

      # -- what the guest asks of its carrier

      def install(message)
        (message["import_paths"] || []).each { |path| $LOAD_PATH << path unless $LOAD_PATH.include?(path) }
        Dir.chdir(message["project"]) if message["project"]
      end

      # Before a migration is loaded: the clock and the randomness go on in a way that does not depend on what was read.
      def enter = Bridge.ask("e")

      def version_of(name) = (@gems || {})[name]

      def bundled?(name) = (@gems || {}).key?(name)

      private

      # For projects without the gem that has them.
      def use_zones_of_machine
        require "tzinfo"
        TZInfo::DataSources::ZoneinfoDataSource.search_path = ["/dunlin/zoneinfo"] if TZInfo.const_defined?(:DataSources)
      end

      def final(text)
        return failed(@broken) if @broken

        message = JSON.parse(text)
        return prepare(message["with"]) if message["type"] == "prepare"

        @dispatcher ||= Dispatcher.new(->(question) { Bridge.ask("q", question) }, self)
        @dispatcher.converse(text) || "{}"
      rescue Exception => error # rubocop:disable Lint/RescueException -- as above
        failed(error)
      end

      def failed(error)
        JSON.generate({ "type" => "failed", "message" => "#{error.class}: #{error.message}",
                        "traceback" => (error.backtrace || []).join("\n") })
      end

      # The environment, and randomness that no other process has.
      def prepare(given)
        ENV.update(given["environment"])
        @gems = given["gems"]
        srand
        "{}"
      end
    end

    # What is loaded before the memory is kept: all of ActiveRecord that a migration might need.
    module Warming
      def self.load(adapter)
        [ActiveRecord::Base, ActiveRecord::Migration, ActiveRecord::Schema, ActiveRecord::SchemaDumper, ActiveRecord::Migrator,
         ActiveRecord::Relation, ActiveRecord::Tasks::DatabaseTasks]
        require "active_record/connection_adapters/#{adapter}_adapter" if adapter
        ActiveRecord.eager_load!
        ActiveRecord::Migration::Compatibility.constants.each { |name| ActiveRecord::Migration::Compatibility.const_get(name) }
      rescue LoadError, NameError => error
        warn "not everything of ActiveRecord was loaded: #{error.message}" if $VERBOSE
      end
    end
  end
end

require_relative "missing"
require "json"
require_relative "../dispatcher"
require_relative "../packages"
