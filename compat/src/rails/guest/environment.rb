# frozen_string_literal: true

# The project: its ActiveRecord, set up as its application does, over the engine's session.

require_relative "standins"

module Dunlin
  # A connection that a migration makes by itself begins as the first one did: on SQLite some of it is refused in a transaction.
  module Introducing
    private

    def configure_connection(...) = Dunlin.session.introduce { super }
  end

  class Environment
    # Gems that add to what migrations can say, and what makes them do so without Rails. Those that add to another follow it.
    EXTENSIONS = {
      "scenic" => -> { Scenic.load },
      "scenic-mysql_adapter" => nil,
      "scenic_sqlite_adapter" => nil,
      "fx" => -> { Fx.load },
      "strong_migrations" => nil,
      "online_migrations" => nil,
      "activerecord_where_assoc" => nil,
    }.freeze

    # What these make of a migration is not done here.
    LEFT_OUT = {
      "safe-pg-migrations" => "migrations keep their transaction, and send their statements as they are",
    }.freeze

    LIBRARIES = %w[activerecord activesupport railties pg mysql2 trilogy sqlite3].freeze

    attr_reader :project, :options, :carrier

    def initialize(start, carrier)
      # A pack is tried without one.
      @project = start["project"] || "/"
      @options = start["options"] || {}
      @carrier = carrier
      @connected = false
      @types_changed = false
    end

    # -- loading

    def load_library
      require "logger"
      require "active_record"
      # As applications do unless they say otherwise.
      require "active_support/all" unless options["load"]
      load_application if options["load"]
      load_extensions unless options["load"]
      Standins.install(self)
      configure
      initialize_extensions unless options["load"]
    end

    def libraries
      LIBRARIES.filter_map do |name|
        version = version_of(name)
        version && { "name" => name, "version" => version }
      end
    end

    # -- the connection

    # Connects, so that what a connection begins with is none of the migration's.
    def connect
      session = Dunlin.session
      session.introduce do
        ActiveRecord::Base.establish_connection(connection_config) unless @connected
        @connected = true
        connection = self.connection
        connection.class.prepend(Introducing)
        connection.connect! if connection.respond_to?(:connect!)
        warm(connection)
        forget_schema(connection)
      end
    end

    def disconnect
      return unless @connected

      @connected = false
      ActiveRecord::Base.connection_handler.clear_all_connections!
    rescue StandardError => error
      Dunlin.session.engine.log("debug", "dunlin", "the connection could not be closed: #{error.message}")
    end

    def connection
      ActiveRecord::Base.respond_to?(:lease_connection) ? ActiveRecord::Base.lease_connection : ActiveRecord::Base.connection
    end

    # After a run: types that it made are read anew before the next one.
    def types_changed! = @types_changed = true

    private

    # The application itself, which has its own settings.
    def load_application
      ENV["RAILS_ENV"] ||= options["rails_env"] if options["rails_env"]
      Failure.saying("#{options["load"]} cannot be loaded") do
        require File.expand_path(options["load"], project)
        ::Rails.application.initialize! if defined?(::Rails.application) && ::Rails.application && !initialized?
      end
    end

    def initialized? = ::Rails.application.respond_to?(:initialized?) && ::Rails.application.initialized?

    def load_extensions
      names = options["requires"] || EXTENSIONS.keys.select { |name| carrier.bundled?(name) }
      # Some take for granted that Rails is there before them.
      require "rails" if names.any? && carrier.bundled?("railties")
      @extensions = names.select { |name| load_extension(name) }
      LEFT_OUT.each { |name, instead| warn_of("#{name} is not loaded: #{instead}") if carrier.bundled?(name) }
    end

    # By the file that Bundler would require.
    def load_extension(name)
      begin
        require name
      rescue LoadError
        raise unless name.include?("-")

        require name.tr("-", "/")
      end
      EXTENSIONS[name]&.call
      true
    rescue LoadError => error
      warn_of("#{name} is not loaded, and what it adds to migrations is missing: #{error.message}")
      false
    end

    def warn_of(text) = Dunlin.session.engine.log("warning", "dunlin", text)

    # Some of them are told by the project since when they are to be strict, or for which server they are.
    def initialize_extensions
      (@extensions || []).each do |name|
        file = File.join(project, "config", "initializers", "#{name.tr("-", "_")}.rb")
        load file if File.file?(file)
      end
    end

    BASE_SETTINGS = %w[table_name_prefix table_name_suffix schema_migrations_table_name internal_metadata_table_name
                       pluralize_table_names primary_key_prefix_type].freeze

    def configure
      BASE_SETTINGS.each do |name|
        ActiveRecord::Base.public_send("#{name}=", options[name]) if options.key?(name) && !options[name].nil?
      end
      set_time_zones
      set_inflections
      set_schema_options
      ActiveRecord::Migrator.migrations_paths = options["migrations_paths"] if options["migrations_paths"]
      ActiveRecord::Base.logger = nil unless options["load"]
    end

    def set_time_zones
      if (zone = options["default_timezone"])
        target = ActiveRecord.respond_to?(:default_timezone=) ? ActiveRecord : ActiveRecord::Base
        target.default_timezone = zone.to_sym
      end
      return if options["load"] && !options["time_zone"]

      require "active_support/time"
      # An application has one in any case.
      Time.zone_default = zone(options["time_zone"])
      ActiveRecord::Base.time_zone_aware_attributes = true if Time.zone_default
    end

    # That of an application that names none is done without where nothing is known of zones.
    def zone(name)
      Time.find_zone!(name || "UTC")
    rescue StandardError
      raise if name
    end

    def set_inflections
      given = options["inflections"] or return
      ActiveSupport::Inflector.inflections(:en) do |inflect|
        (given["acronyms"] || []).each { |word| inflect.acronym(word) }
        (given["irregular"] || []).each { |singular, plural| inflect.irregular(singular, plural) }
        (given["uncountable"] || []).each { |word| inflect.uncountable(word) }
      end
    end

    def set_schema_options
      require "active_record/schema_dumper"
      if options["schema_ignore_tables"]
        ActiveRecord::SchemaDumper.ignore_tables = options["schema_ignore_tables"].map do |name|
          name.is_a?(Hash) ? Regexp.new(name["regexp"]) : name
        end
      end
      return unless options["datetime_type"] && options["adapter"] == "postgresql"

      require "active_record/connection_adapters/postgresql_adapter"
      ActiveRecord::ConnectionAdapters::PostgreSQLAdapter.datetime_type = options["datetime_type"].to_sym
    end

    # Where the engine is connected, without what only a real connection needs.
    SECRETS = %w[password url sslkey sslcert sslca sslrootcert passfile].freeze

    def connection_config
      server = Dunlin.session.server
      config = (options["config"] || {}).except(*SECRETS)
      config["adapter"] = options["adapter"] || config["adapter"] || adapter_for(server)
      config["database"] = server["database"]
      config.merge!("reaping_frequency" => nil, "idle_timeout" => nil, "advisory_locks" => false)
      # SQLite's file is the engine's; without this ActiveRecord would look for it, and make its folder.
      config["database"] = ":memory:" if server["dialect"] == "sqlite"
      config.transform_keys(&:to_sym)
    end

    def adapter_for(server)
      { "postgres" => "postgresql", "sqlite" => "sqlite3" }.fetch(server["dialect"], "mysql2")
    end

    # What adapters ask for once and keep: asked now, whichever migration would be the first to need it.
    WARMED = %i[database_version max_identifier_length index_name_length default_row_format use_insert_returning?].freeze

    def warm(connection)
      WARMED.each { |name| connection.send(name) if connection.respond_to?(name, true) }
      connection.send(:reload_type_map) if @types_changed && connection.respond_to?(:reload_type_map, true)
      @types_changed = false
    end

    # A migration sees the tables as they are, as it would in a process of its own.
    def forget_schema(connection)
      connection.schema_cache.clear!
      # Models that add to it may ask for tables that are not there yet, and spoil the transaction.
      forget = ActiveRecord::ModelSchema::ClassMethods.instance_method(:reset_column_information)
      ActiveRecord::Base.descendants.each do |model|
        next if model.abstract_class? || model.name.nil?

        forget.bind_call(model)
      rescue NameError => error
        # The table of a join needs the classes on both sides, of which a migration may have loaded one.
        Dunlin.session.engine.log("debug", "dunlin", "#{model} keeps what it knows of its table: #{error.message}")
      end
    end

    def version_of(name)
      case name
      when "activerecord" then ActiveRecord.version.to_s
      when "activesupport" then ActiveSupport.version.to_s
      else carrier.version_of(name)
      end
    end
  end
end
