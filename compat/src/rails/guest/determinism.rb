# frozen_string_literal: true

# The same randomness when a migration is run again after a crash.

module Dunlin
  module Determinism
    class << self
      # `seed` of a `run`. In the sandbox the carrier seeds the clock and the system's randomness by itself.
      def seed(message, options)
        number = (message["seed"] || 0).to_i
        Kernel.srand(number)
        seed_system(number) if options["deterministic"]
      end

      private

      # The system's randomness, on which SecureRandom, UUIDs and names of temporary files rest.
      def seed_system(number)
        source = Random.new(number ^ 0x5deece66d)
        require "securerandom"
        [SecureRandom, Random].each do |target|
          singleton = target.singleton_class
          singleton.define_method(:gen_random) { |size| source.bytes(size) } if target == SecureRandom
          singleton.define_method(:bytes) { |size| source.bytes(size) }
        end
        Random.singleton_class.define_method(:urandom) { |size| source.bytes(size) }
      end
    end
  end
end
