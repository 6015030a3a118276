# frozen_string_literal: true

# Runs migrations by ActiveRecord itself and prints what it sent, as JSON.
#
#     ruby original.rb CONFIG FOLDER up|down|dump [VERSION]
#
# CONFIG is JSON for `establish_connection`. The drivers are the genuine gems.

require "json"
# ActiveRecord 8 asks for a newer `sqlite3` than a machine may have; what it uses of it is the same.
module Kernel
  def gem(*) = nil
end

module SQLite3
  module ForkSafety
    def self.suppress_warnings! = nil
  end
end
require "logger"
require "active_record"

configuration, folder, direction, target = ARGV
ActiveRecord::Base.establish_connection(JSON.parse(configuration))
ActiveRecord::Migration.verbose = false
class ApplicationRecord < ActiveRecord::Base
  self.abstract_class = true
end

def connection
  ActiveRecord::Base.respond_to?(:lease_connection) ? ActiveRecord::Base.lease_connection : ActiveRecord::Base.connection
end

def context(folder)
  return ActiveRecord::MigrationContext.new([folder]) if ActiveRecord.version >= Gem::Version.new("7.1")

  ActiveRecord::MigrationContext.new([folder], ActiveRecord::SchemaMigration)
end

def schema
  stream = StringIO.new
  pool = ActiveRecord.version >= Gem::Version.new("7.2")
  ActiveRecord::SchemaDumper.dump(pool ? ActiveRecord::Base.connection_pool : connection, stream)
  stream.string
end

statements = []
ActiveSupport::Notifications.subscribe("sql.active_record") do |*, payload|
  binds = payload[:type_casted_binds]
  binds = binds.call if binds.respond_to?(:call)
  statements << [payload[:sql], (binds || []).map { |bind| bind.is_a?(Hash) ? bind[:value] : bind }, payload[:name]]
end
outcome = "done"
begin
  case direction
  when "up" then context(folder).up(target&.to_i)
  when "down" then context(folder).down(target.to_i)
  end
rescue StandardError => error
  cause = error.cause || error
  outcome = cause.message
end
dump = outcome == "done" ? schema : nil
puts JSON.generate({ outcome: outcome, statements: statements, schema: dump }, allow_nan: true)
