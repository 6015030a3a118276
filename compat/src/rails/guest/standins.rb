# frozen_string_literal: true

# What migrations take for granted when there is an application, and there is none: `Rails`, `ApplicationRecord`, and the
# models of the project, as far as they can be loaded by themselves.

module Dunlin
  module Standins
    # As much of `Rails` as migrations and database.yml ask for.
    module Rails
      class << self
        attr_accessor :root, :env

        def logger = @logger ||= Logger.new($stdout, formatter: ->(_, _, _, text) { "#{text}\n" })

        attr_accessor :application

        def configuration = application.config

        def version = ActiveRecord.version.to_s

        def gem_version = ActiveRecord.version

        def cache = @cache ||= ActiveSupport::Cache.lookup_store(:null_store)
      end
    end

    # As much of an application as gems and the copies of Rails' own migrations ask for. The rest of it raises NoMethodError.
    class Application
      Config = Struct.new(:generators, :paths)
      Generators = Struct.new(:orm, :options)
      Folders = Struct.new(:expanded)

      attr_reader :config

      def initialize(options)
        keys = { primary_key_type: options["primary_key_type"]&.to_sym }.compact
        generators = Generators.new(:active_record, Hash.new { |_, _| {} }.merge(active_record: keys))
        @config = Config.new(generators, { "db/migrate" => Folders.new(options["migrations_paths"] || []) })
      end

      def initialized? = true
    end

    # Finds constants in the folders below `app`, by the names of their files, and gems by their names, as Bundler would have
    # required them.
    module Autoload
      def const_missing(name)
        file = Standins.file_of(self == Object ? name.to_s : "#{self.name}::#{name}")
        file ||= Standins.file_of(name.to_s)
        return super if file.nil? && !Standins.require_gem(name)
        return super if file && Standins.loading?(file)

        Standins.load_file(file) if file
        return const_get(name) if const_defined?(name)

        super
      end
    end

    class << self
      def install(environment)
        @project = environment.project
        @loading = []
        return if environment.options["load"]

        define_rails(environment)
        define_application_record
        Module.prepend(Autoload)
      end

      # The file that defines a constant, by Rails' rules.
      def file_of(name)
        return if @project.nil? || name.nil? || name.start_with?("#")

        path = "#{ActiveSupport::Inflector.underscore(name)}.rb"
        folders.map { |folder| File.join(folder, path) }.find { |file| File.file?(file) }
      end

      def loading?(file) = @loading.include?(file)

      # What requires a gem of this name, if there is one.
      def gem_file(name)
        names = [ActiveSupport::Inflector.underscore(name), name.to_s.downcase].uniq
        folders = $LOAD_PATH.map(&:to_s).grep(%r{/gems/})
        found = names.find { |each| folders.any? { |folder| File.file?(File.join(folder, "#{each}.rb")) } }
        return found if found || defined?(Bundler) || !Gem::Specification.respond_to?(:find_by_path)

        names.find { |each| Gem::Specification.find_by_path(each) }
      end

      # Whether there was one to require.
      def require_gem(name)
        file = gem_file(name)
        file ? require(file) : false
      rescue LoadError
        false
      end

      def load_file(file)
        @loading << file
        load(file)
      ensure
        @loading.pop
      end

      private

      def folders
        @folders ||= begin
          # Engines among the gems have folders of their own.
          engines = $LOAD_PATH.map(&:to_s).grep(%r{/gems/.*/lib\z}).map { |folder| File.join(File.dirname(folder), "app") }
          [File.join(@project, "app"), *engines].flat_map { |app| below(app) }
        end
      end

      def below(app)
        names = Dir.exist?(app) ? Dir.children(app).sort : []
        names.flat_map { |name| [File.join(app, name), File.join(app, name, "concerns")] }.select { |folder| Dir.exist?(folder) }
      end

      def define_rails(environment)
        # A gem may have required Rails itself, which knows nothing without an application.
        return if defined?(::Rails) && ::Rails.respond_to?(:application) && ::Rails.application

        require "pathname"
        Rails.application = Application.new(environment.options)
        Rails.root = Pathname.new(environment.project)
        env = environment.options["rails_env"] || ENV["RAILS_ENV"] || ENV["RACK_ENV"] || "development"
        Rails.env = ActiveSupport::StringInquirer.new(env)
        if defined?(::Rails)
          %i[root env logger application configuration cache].each do |name|
            ::Rails.define_singleton_method(name) { Rails.public_send(name) }
          end
        else
          Object.const_set(:Rails, Rails)
        end
      end

      def define_application_record
        file = File.join(@project, "app", "models", "application_record.rb")
        if File.file?(file)
          begin
            load_file(file)
            return
          rescue StandardError, LoadError, NotImplementedError => error
            Dunlin.session.engine.log("debug", "dunlin", "#{file} is not loaded: #{error.message}")
          end
        end
        return if Object.const_defined?(:ApplicationRecord)

        Object.const_set(:ApplicationRecord, Class.new(ActiveRecord::Base) { self.abstract_class = true })
      end
    end
  end
end
