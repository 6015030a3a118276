# frozen_string_literal: true

# What files need, as far as it can be seen without running them: `load`, and what the engine asks of them before it begins.

require_relative "models"

module Dunlin
  # What one file says.
  class References
    # A failure that is expected is none.
    EXPECTED = /\brescue\s+(?:NameError|LoadError)|const_defined\?|safe_constantize/

    # Constants that a file defines in some scope, those that it uses with their lines, and files that it requires with theirs.
    attr_reader :defined, :used, :required
    # The line where it asks for the application.
    attr_reader :application

    # `direction`: in which the file is to run.
    def initialize(source, direction)
      @defined = []
      @used = {}
      @required = []
      @other = direction == "up" ? :down : :up
      tree = RubyVM::AbstractSyntaxTree.parse(source)
      @other = nil if calls?(tree, @other)
      walk(tree)
    end

    private

    # Whether a file calls a method of its own.
    def calls?(node, name)
      return false unless node.is_a?(RubyVM::AbstractSyntaxTree::Node)

      (%i[FCALL VCALL].include?(node.type) && node.children[0] == name) || node.children.any? { |child| calls?(child, name) }
    end

    # What only runs in the other direction: `def down`, `def self.down` and `direction.down { … }`.
    def for_other?(node)
      case node.type
      when :DEFN then node.children[0] == @other
      when :DEFS then node.children[1] == @other
      when :ITER then node.children[0].type == :CALL && node.children[0].children[1] == @other
      end
    end

    def walk(node)
      return if !node.is_a?(RubyVM::AbstractSyntaxTree::Node) || for_other?(node)

      case node.type
      when :CLASS, :MODULE then note_definition(node)
      when :CDECL then @defined << (node.children[0].is_a?(Symbol) ? node.children[0] : node.children[1])
      when :CONST then @used[node.children[0]] ||= node.first_lineno
      when :COLON2 then return walk(node.children[0]) if node.children[0]
      when :COLON3 then @used[node.children[0]] ||= node.first_lineno
      # `defined?(User)` asks whether it is there.
      when :DEFINED then return
      when :FCALL, :VCALL then note_call(node)
      when :CALL then note_application(node)
      end
      node.children.each { |child| walk(child) }
    end

    def note_definition(node)
      path = node.children[0]
      @defined << path.children.last if path.is_a?(RubyVM::AbstractSyntaxTree::Node)
    end

    # `Rails.application.…`
    def note_application(node)
      receiver, name, = node.children
      return unless name == :application && receiver.is_a?(RubyVM::AbstractSyntaxTree::Node)

      @application ||= node.first_lineno if %i[CONST COLON3].include?(receiver.type) && receiver.children[0] == :Rails
    end

    def note_call(node)
      name, arguments = node.children
      return unless %i[require require_relative].include?(name)

      text = arguments.is_a?(RubyVM::AbstractSyntaxTree::Node) ? arguments.children[0] : nil
      return unless text.is_a?(RubyVM::AbstractSyntaxTree::Node) && text.type == :STR

      @required << [name, text.children[0], node.first_lineno]
    end

    # How to deal with files in a set.
    class << self
      # `load`: what keeps files from being run, as the protocol's problems.
      def problems(environment, files)
        found = []
        read = files.filter_map { |file| of(file, found) }
        known = read.flat_map { |_, references| references.defined }.to_h { |name| [name, true] }
        read.each do |file, references|
          found.concat(missing_files(file, references))
          found.concat(missing_constants(environment, file, references, known))
          found.concat(missing_application(environment, file, references))
        end
        advise(found)
      end

      private

      WHOLE_APPLICATION = "`load = \"config/environment\"` below [rails] has the project's own Ruby load the application"

      # The way out, said once.
      def advise(found)
        asking = found.select { |problem| problem.delete("asks") }
        asking.first["reason"] += "; #{WHOLE_APPLICATION}" unless asking.empty?
        found
      end

      def of(file, found)
        Source.check(file["path"], file["source"])
        [file, new(file["source"], file["direction"])]
      rescue SyntaxError => error
        line = error.message[/:(\d+):/, 1].to_i
        found << { "path" => file["path"], "line" => [line, 1].max, "reason" => Text.of(error.message.delete_prefix("#{file["path"]}:#{line}: ")) }
        nil
      rescue StandardError
        # An interpreter without this view of its own syntax: what is missing shows when it is run.
        nil
      end

      def missing_files(file, references)
        references.required.filter_map do |kind, name, line|
          next if kind == :require_relative ? relative?(file, name) : found?(name)

          { "path" => file["path"], "line" => line, "import" => name, "reason" => "cannot load such file -- #{name}" }
        end
      end

      def relative?(file, name)
        path = File.expand_path(name, File.dirname(file["path"]))
        File.file?(path) || File.file?("#{path}.rb")
      end

      def found?(name)
        return true if $LOADED_FEATURES.any? { |feature| feature.end_with?("/#{name}.rb", "/#{name}.so") }
        return File.file?(name) || File.file?("#{name}.rb") if name.start_with?("/")

        names = name.end_with?(".rb", ".so") ? [name] : ["#{name}.rb", "#{name}.so"]
        return true if $LOAD_PATH.any? { |folder| names.any? { |each| File.file?(File.join(folder.to_s, each)) } }

        !Gem.try_activate(name).nil? && Gem.try_activate(name)
      rescue StandardError, LoadError
        false
      end

      def missing_constants(environment, file, references, known)
        # What a required file defines shows when it is loaded.
        return [] if EXPECTED.match?(file["source"]) || !references.required.empty?

        missing = references.used.reject { |name, _| known.key?(name) || defined_somewhere?(name) }
        missing.map do |name, line|
          { "path" => file["path"], "line" => line, "import" => name.to_s, "reason" => "uninitialized constant #{name}",
            "asks" => environment.options["load"].nil? }
        end + broken_models(environment, file, references, known)
      end

      # Models of the application whose own file asks for what is not there.
      def broken_models(environment, file, references, known)
        return [] if environment.options["load"]

        resolvable = ->(name) { known.key?(name) || defined_somewhere?(name) }
        references.used.filter_map do |name, line|
          next if known.key?(name) || NESTINGS.call.any? { |nesting| nesting.const_defined?(name) }

          reason = Models.problem(name, resolvable)
          reason && { "path" => file["path"], "line" => line, "import" => name.to_s, "reason" => reason, "asks" => true }
        end
      end

      # What a migration asks of the application, which is not there unless it is loaded.
      def missing_application(environment, file, references)
        line = environment.options["load"] ? nil : references.application
        reason = "the application is not loaded"
        line ? [{ "path" => file["path"], "line" => line, "import" => "Rails.application", "reason" => reason, "asks" => true }] : []
      end

      NESTINGS = -> { [Object, ActiveRecord::Migration, ActiveRecord::Base, ActiveRecord::Schema] }

      def defined_somewhere?(name)
        NESTINGS.call.any? { |nesting| nesting.const_defined?(name) } ||
          !(Standins.file_of(name.to_s) || Standins.gem_file(name)).nil?
      end
    end
  end
end
