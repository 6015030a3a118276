# frozen_string_literal: true

# What the interpreter in the sandbox lacks, as far as libraries name it without using it.

$LOAD_PATH << File.join(__dir__, "stdlib")

# There are no threads: one that is begun has ended when it is there.
class Thread
  class Ended
    def initialize(*arguments)
      @value = yield(*arguments)
    rescue StandardError => error
      @error = error
    end

    def value
      raise @error if @error

      @value
    end

    def join(*)
      raise @error if @error

      self
    end

    def alive? = false

    def status = false

    def [](_key) = nil

    def []=(_key, _value); end

    def key?(_key) = false

    def kill = self
    alias exit kill

    def wakeup = self

    def thread_variable_get(_key) = nil

    def thread_variable_set(_key, _value); end

    def name = nil

    def name=(_name); end

    def priority=(_priority); end

    def report_on_exception=(_on); end

    def abort_on_exception=(_on); end
  end

  class << self
    def new(*arguments, &block) = Ended.new(*arguments, &block)
    alias start new
    alias fork new
  end
end

# Nor is there one that would end what takes too long: the engine does.
require "timeout"

module Timeout
  class << self
    def timeout(seconds, *) = yield(seconds)
  end

  def timeout(...) = Timeout.timeout(...)
end

# There are no programs; of some of these functions the C library would say that they had succeeded.
module Dunlin
  module Programs
    REFUSAL = "no program can be started in the sandbox; `carrier = \"host\"` has a migration run by the project's own Ruby"

    # As `Kernel.system`, `Process.spawn` and `IO.popen`.
    module Named
      %i[system spawn exec fork popen `].each do |name|
        define_method(name) { |*, **| raise NotImplementedError, "#{name}: #{REFUSAL}" }
      end
    end

    # As methods of every object, which are private.
    module Private
      %i[system spawn exec fork `].each do |name|
        define_method(name) { |*, **| raise NotImplementedError, "#{name}: #{REFUSAL}" }
        private name
      end
    end
  end
end

Object.prepend(Dunlin::Programs::Private)
[Kernel, Process, IO].each { |place| place.singleton_class.prepend(Dunlin::Programs::Named) }

# RubyGems is off: libraries are found on the load path, and all of them are there that will ever be.
module Kernel
  private

  def gem(*) = true
end

unless defined?(Gem::Specification)
  module Gem
    VERSION = "3.5.22" unless const_defined?(:VERSION)

    class LoadError < ::LoadError
      attr_accessor :name, :requirement
    end

    class MissingSpecError < LoadError; end

    module Specification
      def self.find_by_name(name, *) = raise(MissingSpecError, "Could not find '#{name}'")

      def self.find_all_by_name(*) = []

      def self.stubs = []

      def self.each = nil
    end

    class << self
      def loaded_specs = {}

      def path = []

      def default_dir = "/"

      def win_platform? = false

      def ruby_version = Gem::Version.new(RUBY_VERSION)

      def try_activate(_name) = false

      def platforms = []
    end
  end
end
require "rubygems/version" unless defined?(Gem::Version)
require "rubygems/requirement" unless defined?(Gem::Requirement)
