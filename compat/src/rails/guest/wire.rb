# frozen_string_literal: true

# Questions to the engine, as the step protocol has them.

require "json"

module Dunlin
  # What the engine answered instead of a result; the drivers turn it into an error of theirs.
  class EngineError < StandardError
    attr_reader :answer

    def initialize(answer)
      @answer = answer
      super(answer["message"] || "the engine gave no reason")
    end

    def [](key) = @answer[key]
  end

  # The result of a statement.
  Result = Struct.new(:columns, :rows, :affected, :last_id, :tag, :notices) do
    def self.empty(tag) = new([], [], nil, nil, tag, [])

    # Whether it is one of a query; a query may have rows without columns.
    def rows? = !columns.empty? || !rows.empty?
  end

  # The engine, through a callable that takes the text of a question and gives the text of its answer.
  class Engine
    def initialize(exchange)
      @exchange = exchange
    end

    def ask(type, keys = {})
      answer = JSON.parse(@exchange.call(JSON.generate({ "type" => type }.merge(keys))))
      raise EngineError, answer if answer["type"] == "error"

      answer
    end

    # Runs a statement; `query` has the keys of the protocol's question.
    def query(query)
      answer = ask("query", query)
      Result.new(answer["columns"] || [], answer["rows"] || [], answer["affected"], answer["last_id"], answer["tag"] || "",
                 answer["notices"] || [])
    end

    def begin = ask("begin")

    def commit = ask("commit")

    def rollback = ask("rollback")

    def savepoint(action, name) = ask("savepoint", { "action" => action, "name" => name })

    def log(level, logger, text) = ask("log", { "level" => level, "logger" => logger, "text" => text })
  end

  # Text that JSON can hold: what is not UTF-8 is told with replacements.
  module Text
    def self.of(value)
      text = value.to_s
      text = text.dup.force_encoding(Encoding::UTF_8) if text.encoding == Encoding::BINARY
      text = text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace) unless text.encoding == Encoding::UTF_8
      text.valid_encoding? ? text : text.scrub
    end
  end
end
