# frozen_string_literal: true

require_relative "application"

Rails.configuration.app_mode = "managed".inquiry
Rails.configuration.generators.options[:active_record][:primary_key_type] = :uuid

module Accountable; end

bare_models :Account, :Family, :Import, :Merchant, :Security, :Tagging, :Transaction, :User
bare_models :Price, inside: Security
