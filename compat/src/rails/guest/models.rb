# frozen_string_literal: true

# Models of the application that migrations name: whether their classes can be loaded, as far as their text says so for sure.

module Dunlin
  module Models
    class << self
      # Why the file that a constant would be loaded from does not load, or nil; `resolvable` says whether a constant is there.
      def problem(name, resolvable)
        file = Standins.file_of(name.to_s)
        return if file.nil?

        @problems ||= {}
        @problems.fetch(file) { @problems[file] = read(file, name, resolvable) }
      end

      private

      def read(file, name, resolvable)
        source = File.read(file)
        return if References::EXPECTED.match?(source) || source.match?(/^\s*(?:require|require_relative|load|autoload)\b/)

        body = RubyVM::AbstractSyntaxTree.parse(source).children[2]
        statements(body).each do |node|
          next unless node.type == :CLASS && defines?(node, name)

          line, reason = missing(node, name, resolvable)
          return "#{reason} (#{file}:#{line})" if reason
        end
        nil
      rescue SyntaxError, StandardError
        # It shows when it is loaded.
        nil
      end

      def node?(value) = value.is_a?(RubyVM::AbstractSyntaxTree::Node)

      def statements(node)
        return [] unless node?(node)

        node.type == :BLOCK ? node.children.select { |each| node?(each) } : [node]
      end

      def defines?(node, name)
        path = node.children[0]
        path.type == :COLON2 && path.children == [nil, name]
      end

      # `[line, reason]` of the first thing that a class asks for and that is not there.
      def missing(node, name, resolvable)
        superclass = node.children[1]
        return if superclass.nil?

        unknown = unknown_constant(superclass, resolvable)
        return unknown if unknown

        # Below a class, what lies in its folder comes first.
        inside = ->(constant) { Standins.file_of("#{name}::#{constant}") || resolvable.call(constant) }
        body = statements(node.children[2].children[2])
        body.each do |each|
          # What is done only sometimes, or changes what is there, is not followed.
          return unless declares?(each)

          found = missing_in(each, superclass, body, inside)
          return found if found
        end
        nil
      end

      DECLARING = %i[FCALL VCALL DEFN CDECL ATTRASGN LIT STR NIL BEGIN].freeze

      def declares?(node) = DECLARING.include?(node.type) || (node.type == :ITER && node.children[0].type == :FCALL)

      MIXES = %i[include extend prepend].freeze

      def missing_in(node, superclass, body, resolvable)
        call = node.type == :ITER ? node.children[0] : node
        return unless %i[FCALL VCALL].include?(call.type)

        name = call.children[0]
        return mixed(call, resolvable) if MIXES.include?(name)
        # What is mixed in may have brought it.
        return if body.any? { |each| each.type == :FCALL && MIXES.include?(each.children[0]) }

        base = resolved(superclass)
        return if base.nil? || base.respond_to?(name, true) || base.private_methods.include?(name)

        [call.first_lineno, "undefined method `#{name}'"]
      end

      def mixed(call, resolvable)
        given = call.children[1]
        return unless node?(given)

        given.children.filter_map { |each| node?(each) ? unknown_constant(each, resolvable) : nil }.first
      end

      def unknown_constant(node, resolvable)
        node = node.children[0] while node?(node) && node.type == :COLON2 && node?(node.children[0])
        return unless %i[CONST COLON3].include?(node.type)

        name = node.children[0]
        [node.first_lineno, "uninitialized constant #{name}"] unless resolvable.call(name)
      end

      # The superclasses that are there before any model is.
      def resolved(node)
        text = case node.type
               when :CONST then node.children[0].to_s
               when :COLON2 then "#{node.children[0].children[0]}::#{node.children[1]}" if node?(node.children[0])
               end
        return unless %w[ApplicationRecord ActiveRecord::Base].include?(text)

        Object.const_get(text) if Object.const_defined?(text)
      end
    end
  end
end
