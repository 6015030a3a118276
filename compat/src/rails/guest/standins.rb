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

        def application = nil

        def version = ActiveRecord.version.to_s

        def gem_version = ActiveRecord.version

        def cache = @cache ||= ActiveSupport::Cache.lookup_store(:null_store)
      end
    end

    # Finds constants in the folders below `app`, by the names of their files.
    module Autoload
      def const_missing(name)
        file = Standins.file_of(self == Object ? name.to_s : "#{self.name}::#{name}")
        file ||= Standins.file_of(name.to_s)
        return super if file.nil? || Standins.loading?(file)

        Standins.load_file(file)
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

      def load_file(file)
        @loading << file
        load(file)
      ensure
        @loading.pop
      end

      private

      def folders
        @folders ||= begin
          app = Dir.exist?(File.join(@project, "app")) ? Dir.children(File.join(@project, "app")).sort : []
          app.flat_map { |name| [File.join(@project, "app", name), File.join(@project, "app", name, "concerns")] }
             .select { |folder| Dir.exist?(folder) }
        end
      end

      def define_rails(environment)
        return if defined?(::Rails) && ::Rails.respond_to?(:env)

        require "pathname"
        Rails.root = Pathname.new(environment.project)
        env = environment.options["rails_env"] || ENV["RAILS_ENV"] || ENV["RACK_ENV"] || "development"
        Rails.env = ActiveSupport::StringInquirer.new(env)
        if defined?(::Rails)
          %i[root env logger application cache].each do |name|
            ::Rails.define_singleton_method(name) { Rails.public_send(name) } unless ::Rails.respond_to?(name)
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
