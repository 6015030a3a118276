# frozen_string_literal: true

# Loading a migration and running it, as ActiveRecord's Migrator does for one.

module Dunlin
  module Migration
    class << self
      # `run`: in the engine's transaction or outside of one.
      def run(environment, message)
        options = message["options"] || {}
        session = Dunlin.session
        session.open(options["transaction"] != false)
        succeeded = false
        begin
          environment.connect
          environment.carrier.enter
          Determinism.seed(message, environment.options)
          ActiveRecord::Migration.verbose = options.fetch("verbose", true)
          options["schema"] ? Source.evaluate(message["path"], message["source"]) : migrate(message)
          succeeded = true
        ensure
          environment.types_changed! if session.types_changed?
          session.close(succeeded)
          environment.disconnect unless succeeded
        end
      end

      private

      def migrate(message)
        name, version = named(message)
        migration = class_of(name, message).new(name, version)
        completed = false
        migrator = ActiveRecord::Migrator.allocate
        migrator.send(:ddl_transaction, migration) do
          migration.migrate(message["direction"].to_sym)
          completed = true
        end
        return if completed

        # The block was left by ActiveRecord::Rollback, which `transaction` swallows. Rails forgets the history row, too.
        raise "the migration raised ActiveRecord::Rollback: it is taken back and not recorded"
      end

      # The class and version that the file's name says.
      def named(message)
        version, name, = File.basename(message["path"]).scan(ActiveRecord::Migration::MigrationFilenameRegexp).first
        raise ActiveRecord::IllegalMigrationNameError, message["path"] unless version

        [name.camelize, version.to_i]
      end

      def class_of(name, message)
        Object.send(:remove_const, name) if ActiveRecord.version >= Gem::Version.new("7.1") && Object.const_defined?(name, false)
        Source.evaluate(message["path"], message["source"])
        name.constantize
      end
    end
  end

  # Files of the project as the engine read them.
  module Source
    class << self
      # Runs a file's text as `load` would run the file.
      def evaluate(path, source)
        RubyVM::InstructionSequence.compile(encoded(source), path, File.expand_path(path), 1).eval
      end

      # Compiles it only; a SyntaxError says what is wrong.
      def check(path, source) = RubyVM::InstructionSequence.compile(encoded(source), path, File.expand_path(path), 1)

      private

      # A magic comment may say that the text is in another encoding, in which the file's bytes are.
      def encoded(source) = source.delete_prefix("\uFEFF")
    end
  end
end
