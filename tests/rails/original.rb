# frozen_string_literal: true

# ActiveRecord's own database tasks, without the rest of Rails: `ruby original.rb db:migrate VERSION=…` in a project's folder.
#
# What SQLite is given is appended to the file that DUNLIN_STATEMENT_LOG names, as Dunlin itself does in tests. A server's
# statements are seen on their way instead.

require "erb"
require "json"
require "logger"
require "rake"
require "yaml"
require "active_record"

if (path = ENV["DUNLIN_STATEMENT_LOG"])
  require "sqlite3"
  watch = Module.new do
    define_method(:initialize) do |*arguments, **options|
      super(*arguments, **options)
      trace { |sql| File.write(path, "#{JSON.generate(sql)}\n", mode: "a") }
    end
  end
  SQLite3::Database.prepend(watch)
end

ROOT = Dir.pwd
ENVIRONMENT = ENV.fetch("RAILS_ENV", "development")

tasks = ActiveRecord::Tasks::DatabaseTasks
tasks.root = ROOT
tasks.env = ENVIRONMENT
tasks.db_dir = File.join(ROOT, "db")
tasks.migrations_paths = [File.join(ROOT, "db/migrate")]
settings = ERB.new(File.read(File.join(ROOT, "config/database.yml"))).result
DATABASES = YAML.safe_load(settings, aliases: true)
tasks.database_configuration = DATABASES

# As much of Rails as the tasks ask for: by its configuration they know, while they are defined, that there are several databases.
module Rails
  def self.env = ActiveSupport::StringInquirer.new(ENVIRONMENT)

  def self.root = Pathname.new(ROOT)

  def self.application = self

  def self.config = self

  def self.load_database_yaml = DATABASES

  def self.load_seed = nil
end

load "active_record/railties/databases.rake"

# Active Record 7.2.2 does not hear the variable where it loads a schema; 7.2.3 does.
ActiveRecord.schema_format = ENV["SCHEMA_FORMAT"].to_sym if ENV["SCHEMA_FORMAT"]

# As every application has it.
require "active_support/time"
Time.zone_default = Time.find_zone!("UTC")
ActiveRecord::Base.time_zone_aware_attributes = true

class ApplicationRecord < ActiveRecord::Base
  self.abstract_class = true
end

task :environment do
  ActiveRecord::Base.configurations = tasks.database_configuration
  ActiveRecord::Base.establish_connection(ENVIRONMENT.to_sym)
end

Rake.application.standard_exception_handling do
  # As `bin/rails` names itself.
  Rake.application.init(ActiveRecord.version < Gem::Version.new("7.1") ? "rails" : "bin/rails", ARGV)
  Rake.application.top_level
end
