# frozen_string_literal: true

# What an application does with these gems, for plain ActiveRecord; Dunlin does it by itself.

require "rails"
require "active_support/all"
require "scenic"
require "fx"
require "strong_migrations"

folders = { "db/migrate" => Struct.new(:expanded).new([File.expand_path("db/migrate")]) }
application = Struct.new(:config).new(Struct.new(:paths).new(folders))
root = Pathname.new(Dir.pwd)
Rails.define_singleton_method(:application) { application }
Rails.define_singleton_method(:root) { root }

Scenic.load
Fx.load
load root.join("config/initializers/strong_migrations.rb")
