# frozen_string_literal: true

# A statement of `sqlite3`. It is sent when its columns or rows are first wanted, and its parameters are bound.

module SQLite3
  class Statement
    include Enumerable

    attr_reader :remainder

    def initialize(database, sql)
      read = Dunlin::SqliteText.read(Dunlin::Text.of(sql))
      @database = database
      @sql = read.text
      @names = read.parameters
      @remainder = read.rest
      @empty = read.words.empty?
      @bound = {}
      @columns = []
      @types = []
      @closed = false
      @result = nil
      @position = 0
    end

    def bind_params(*values)
      index = 1
      values.flatten.each do |value|
        if value.is_a?(Hash) then value.each { |key, each| bind_param(key, each) }
        else
          bind_param(index, value)
          index += 1
        end
      end
      self
    end

    def bind_param(key, value)
      require_open
      index = key.is_a?(Integer) ? key : index_of(key)
      if index < 1 || index > @names.size
        raise Exception.of(25, key.is_a?(Integer) ? "column index out of range" : "no such bind parameter", @sql)
      end

      @bound[index] = Values.parameter(value)
      @result = nil
      self
    end

    def bind_parameter_count = @names.size

    def clear_bindings!
      @bound.clear
      self
    end

    # The same array is filled when the statement is sent: ActiveRecord 6.1 asks for it before it binds.
    def columns
      result if @names.empty? || !@bound.empty?
      @columns
    end

    def types
      result
      @types
    end

    def column_count
      result.columns.size
    end

    def column_name(index) = result.columns.dig(index, "name")

    def column_decltype(index) = result.columns.dig(index, "declared")

    def execute(*values)
      reset!
      bind_params(*values) unless values.empty?
      result
      results = ResultSet.new(@database, self)
      block_given? ? yield(results) : results
    end

    def execute!(*values, &block)
      execute(*values)
      block ? each(&block) : to_a
    end

    def step
      rows = result.rows
      return if @position >= rows.size

      @position += 1
      rows[@position - 1].map { |value| Values.read(value) }
    end

    def done? = !@result.nil? && @position >= @result.rows.size

    def active? = !done?

    def each
      return enum_for(:each) unless block_given?

      while (row = step)
        yield row
      end
      self
    end

    def reset!
      @result = nil
      @position = 0
      self
    end

    def close
      require_open
      @closed = true
      self
    end

    def closed? = @closed

    def sql = @sql

    def must_be_open! = require_open

    def stat(_key = nil) = {}

    def memused = 0

    private

    def require_open
      raise Exception, "cannot use a closed statement" if @closed
    end

    def index_of(key)
      name = key.to_s
      candidates = name.start_with?(":", "@", "$") ? [name] : [":#{name}", "@#{name}", "$#{name}"]
      (@names.index { |each| candidates.include?(each) } || -1) + 1
    end

    def result
      require_open
      @result ||= send_now
    end

    def send_now
      return Dunlin::Result.empty("") if @empty

      parameters = @names.empty? ? nil : (1..@names.size).map { |index| @bound[index] }
      result = @database.send_statement(@sql, parameters)
      @position = 0
      @columns = filled(@columns, result.columns.map { |column| column["name"] })
      @types = filled(@types, result.columns.map { |column| column["declared"]&.downcase })
      result
    end

    # Whoever has an array may have frozen it.
    def filled(array, values)
      return array if array == values

      array.frozen? ? values : array.replace(values)
    end
  end

  # The rows of a statement.
  class ResultSet
    include Enumerable

    def initialize(database, statement)
      @database = database
      @statement = statement
    end

    def next
      row = @statement.step
      row && @database.results_as_hash ? @statement.columns.zip(row).to_h : row
    end

    def each
      while (row = self.next)
        yield row
      end
      self
    end

    def next_hash
      row = @statement.step
      row && @statement.columns.zip(row).to_h
    end

    def each_hash
      while (row = next_hash)
        yield row
      end
    end

    def columns = @statement.columns

    def types = @statement.types

    def eof? = @statement.done?

    def reset(*values)
      @statement.reset!
      @statement.bind_params(*values)
    end

    def close = @statement.close

    def closed? = @statement.closed?
  end
end
