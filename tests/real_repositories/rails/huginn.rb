# frozen_string_literal: true

require_relative "application"

$LOAD_PATH << Rails.root.join("lib").to_s
require "json"
require "liquid_migrator"
load Rails.root.join("config/initializers/mysqlpls.rb") if Rails.root.join("config/database.yml").read.include?("mysql2")
autoload :JsonSerializedField, Rails.root.join("app/concerns/json_serialized_field.rb").to_s

bare_models :AgentLog, :Event, :Link, :Scenario, :ScenarioMembership, :Service, :User, :UserCredential, above: ActiveRecord::Base

class Agent < ActiveRecord::Base
  include JsonSerializedField
  json_serialize :options, :memory

  def self.of_type(name) = where(type: name)
end

module Agents
  def self.const_missing(name) = const_set(name, Class.new(Agent))
end

module Delayed
  class Job < ActiveRecord::Base
    self.table_name = "delayed_jobs"
  end
end
