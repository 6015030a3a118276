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
tasks.database_configuration = YAML.safe_load(settings, aliases: true)
load "active_record/railties/databases.rake"

# As much of Rails as the tasks ask for. What they say when it is there from the beginning needs an application.
module Rails
  def self.env = ActiveSupport::StringInquirer.new(ENVIRONMENT)

  def self.root = Pathname.new(ROOT)
end

class ApplicationRecord < ActiveRecord::Base
  self.abstract_class = true
end

task :environment do
  ActiveRecord::Base.configurations = tasks.database_configuration
  ActiveRecord::Base.establish_connection(ENVIRONMENT.to_sym)
end

Rake.application.standard_exception_handling do
  Rake.application.init("rake", ARGV)
  Rake.application.top_level
end
