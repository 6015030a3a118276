# frozen_string_literal: true

# Instead of the engine itself.
