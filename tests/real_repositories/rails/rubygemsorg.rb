# frozen_string_literal: true

# Where Rails is there, it asks for more of it.
require "strong_migrations"
require_relative "application"

module Gemcutter
  MAX_FIELD_LENGTH = 255
end

%w[inflections strong_migrations].each { |name| load Rails.root.join("config/initializers/#{name}.rb") }
