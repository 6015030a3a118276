# frozen_string_literal: true

# Where Rails is there, it asks for more of it.
require "strong_migrations"
require_relative "application"
require "ostruct"

Settings = OpenStruct.new(YAML.load_file(Rails.root.join("config/settings.yml")))

module ActiveStorage
  class Blob
    def self.service = OpenStruct.new(name: "local")
  end
end

# What `config.load_defaults` says that matters here.
ActiveRecord::Base.partial_inserts = false
ActiveRecord.schema_format = :sql
autoload :DatabaseFunctions, Rails.root.join("lib/database_functions.rb").to_s
autoload :Language, Rails.root.join("app/models/language.rb").to_s
# Their tables have other names.
{ Node: "current_nodes", Way: "current_ways", Relation: "current_relations" }.each do |name, table|
  bare_models(name)
  Object.const_get(name).table_name = table
end
bare_models :DiaryComment, :NoteComment, :Redaction, :User, :UserToken

require "active_record/connection_adapters/postgresql_adapter"
# Of the adapter for PostGIS, which is partly compiled.
class ActiveRecord::ConnectionAdapters::PostgreSQL::TableDefinition
  def st_polygon(name, srid:, **options) = column(name, "geometry(Polygon,#{srid})", **options)
end

%w[migrate strong_migrations].each { |name| load Rails.root.join("config/initializers/#{name}.rb") }
