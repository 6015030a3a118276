# frozen_string_literal: true

# What else the adapter needs of the project and its library.

require "stringio"

module Dunlin
  module Calls
    NAMES = %w[version describe render session dump_schema load_schema].freeze

    class << self
      def call(environment, name, given)
        raise "unknown call #{name.inspect}" unless NAMES.include?(name)

        public_send(name, environment, given)
      end

      # ActiveRecord's version.
      def version(_environment, _given) = { "activerecord" => ActiveRecord.version.to_s, "ruby" => RUBY_VERSION }

      # What migrations say about themselves, by their ids.
      def describe(_environment, given)
        given["migrations"].to_h do |file|
          source = file["source"]
          [file["id"], { "disable_ddl_transaction" => References.without_transaction?(source) }]
        end
      end

      # A text with ERB, such as database.yml.
      def render(environment, given)
        require "erb"
        erb = ERB.new(given["source"])
        erb.filename = given["path"]
        Dir.chdir(environment.project) { { "text" => erb.result } }
      end

      # The statements that a new connection begins with: settings of the session.
      def session(environment, _given)
        statements = during(environment, given_connection: false) do |session|
          session.record { environment.connect }
        end
        environment.disconnect
        { "statements" => statements }
      end

      # db/schema.rb as ActiveRecord writes it for the database as it is.
      def dump_schema(environment, _given)
        during(environment) do
          stream = StringIO.new
          pool = ActiveRecord.version >= Gem::Version.new("7.2")
          ActiveRecord::SchemaDumper.dump(pool ? ActiveRecord::Base.connection_pool : environment.connection, stream)
          { "text" => stream.string }
        end
      end

      # Loads a schema.rb; a `run` with the option `schema` does it as a migration.
      def load_schema(environment, given)
        during(environment) do
          ActiveRecord::Migration.verbose = given.fetch("verbose", false)
          Source.evaluate(given["path"], given["source"])
          {}
        end
      end

      private

      # With the connection open, outside of a transaction of the engine.
      def during(environment, given_connection: true)
        session = Dunlin.session
        session.open(false)
        environment.connect if given_connection
        yield session
      ensure
        session.close(true)
      end
    end
  end
end
