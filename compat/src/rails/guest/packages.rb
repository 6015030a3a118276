# frozen_string_literal: true

# Our drivers in place of the gems, which are compiled and would connect by themselves.

module Dunlin
  module Packages
    DRIVERS = %w[pg mysql2 trilogy sqlite3].freeze
    FOLDER = File.join(__dir__, "drivers")

    # `require "pg"` is ours, and `gem "pg"` asks for nothing.
    module Loading
      def require(name)
        base = name.to_s.delete_suffix(".rb")
        return super(File.join(FOLDER, "#{base}.rb")) if DRIVERS.include?(base)
        # Parts of theirs are in ours.
        return false if base.start_with?("pg/", "mysql2/", "trilogy/", "sqlite3/") && !File.file?("#{FOLDER}/#{base}.rb")

        super
      end

      def gem(name, *requirements)
        return false if DRIVERS.include?(name.to_s)

        super if defined?(super)
      end

    end

    # `require` and `gem` are private to objects, and public as `Kernel.require`.
    module PrivateLoading
      include Loading

      private :require, :gem
    end

    def self.install
      Object.prepend(PrivateLoading)
      Kernel.singleton_class.prepend(Loading)
    end
  end
end
