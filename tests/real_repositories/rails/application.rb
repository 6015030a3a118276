# frozen_string_literal: true

# What migrations of real projects take for granted of their application, for both tools: as much of Rails as they ask for, and
# bare models where the project's own need all of it.

require "logger"
require "yaml"
require "pathname"
require "active_record"
require "active_support/time"

module Rails
  class << self
    def application = @application ||= Application.new

    def configuration = application.config

    def root = Pathname.new(Dir.pwd)

    def env = ActiveSupport::StringInquirer.new(ENV.fetch("RAILS_ENV", "development"))

    def logger = @logger ||= Logger.new($stderr)
  end
end

# An application that is ready.
class Application
  attr_reader :config

  def initialize
    generators = Struct.new(:options, :orm).new({ active_record: {} }, :active_record)
    @config = Struct.new(:generators, :app_mode).new(generators)
  end

  def initialized? = true
end

Time.zone_default = Time.find_zone!("UTC")

class ApplicationRecord < ActiveRecord::Base
  self.abstract_class = true
end

# Models without anything but their tables.
def bare_models(*names, inside: Object, above: ApplicationRecord)
  names.each { |name| inside.const_set(name, Class.new(above)) }
end
