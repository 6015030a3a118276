# frozen_string_literal: true

# Before Rails' own tasks begin: gems that look for Rails find none yet, and `environment` loads what stands for the application.

require "logger"
require "rake"

(ENV["REQUIRED_GEMS"] || "").split.each { |name| require name }
path = ENV["APPLICATION"]
Rake::Task.define_task(:environment) { require File.expand_path(path) } if path
