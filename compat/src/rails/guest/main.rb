# frozen_string_literal: true

# `ruby FOLDER/main.rb`: the guest as a child process of the project's own Ruby.

require_relative "host/carrier"

Dunlin::HostCarrier.new.serve
