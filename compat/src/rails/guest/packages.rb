# frozen_string_literal: true

# Our drivers in place of the gems, which are compiled and would connect by themselves.

module Dunlin
  module Packages
    DRIVERS = %w[pg mysql2 trilogy sqlite3].freeze
    FOLDER = File.join(__dir__, "drivers")

    class << self
      # Takes the place of `require` and `gem`, which are private to objects and may be public as `Kernel.require`. Not by a
      # module in front of them: what gives them another name later, as Zeitwerk and Bootsnap do, would name ours, which then
      # goes on to what they put there, and round for ever.
      def install
        [Kernel, Kernel.singleton_class].each do |place|
          redefine(place, :require) { |name| path_of(name) }
          redefine(place, :gem) { |name| name unless DRIVERS.include?(name.to_s) }
        end
      end

      private

      # `translate` gives what to ask for instead; with nil nothing is.
      def redefine(place, name, &translate)
        return unless place.method_defined?(name) || place.private_method_defined?(name)

        hidden = place.private_method_defined?(name)
        original = :"dunlin_original_#{name}"
        place.alias_method(original, name)
        place.define_method(name) do |given, *more|
          given = translate.call(given)
          given ? __send__(original, given, *more) : false
        end
        place.send(:private, name) if hidden
        place.send(:private, original)
      end

      # `require "pg"` is ours, and parts of theirs are in ours.
      def path_of(name)
        base = name.to_s.delete_suffix(".rb")
        return File.join(FOLDER, "#{base}.rb") if DRIVERS.include?(base)

        name unless DRIVERS.include?(base[%r{\A[^/]+(?=/)}]) && !File.file?("#{FOLDER}/#{base}.rb")
      end
    end
  end
end
