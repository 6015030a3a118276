# frozen_string_literal: true

# What else the adapter needs of the project and its library.

require "stringio"

module Dunlin
  module Calls
    NAMES = %w[render dump_schema].freeze

    class << self
      def call(environment, name, given)
        raise "unknown call #{name.inspect}" unless NAMES.include?(name)

        public_send(name, environment, given)
      end

      # A text with ERB, such as database.yml.
      def render(environment, given)
        require "erb"
        erb = ERB.new(given["source"])
        erb.filename = given["path"]
        Dir.chdir(environment.project) { { "text" => erb.result } }
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

      private

      # With the connection open, outside of a transaction of the engine.
      def during(environment)
        session = Dunlin.session
        session.open(false)
        environment.connect
        yield
      ensure
        session.close(true)
      end
    end
  end
end
