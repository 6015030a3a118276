# frozen_string_literal: true

# Which coder belongs to which parameter or column.

module PG
  class TypeMap
    # The coder of a column of a result; nil leaves its text.
    def coder_of(_result, _column) = nil

    # The coder of a parameter.
    def encoder_of(_value) = nil

    def fit_to_result(_result) = self
  end

  class TypeMapAllStrings < TypeMap; end

  # What a type map does not know, its default does.
  module DefaultTypeMappable
    attr_writer :default_type_map

    def default_type_map = @default_type_map ||= TypeMapAllStrings.new

    def with_default_type_map(map)
      self.default_type_map = map
      self
    end
  end

  TypeMap::DefaultTypeMappable = DefaultTypeMappable

  class TypeMapByOid < TypeMap
    include DefaultTypeMappable

    attr_accessor :max_rows_for_online_lookup

    def initialize
      @coders = {}
      super
    end

    def add_coder(coder)
      @coders[[coder.format, coder.oid]] = coder
      self
    end

    def rm_coder(format, oid) = @coders.delete([format, oid])

    def coders = @coders.values

    def coder_of(result, column)
      @coders[[result.fformat(column), result.ftype(column)]] || default_type_map.coder_of(result, column)
    end

    def build_column_map(result)
      TypeMapByColumn.new((0...result.nfields).map { |column| coder_of(result, column) })
    end
  end

  class TypeMapByClass < TypeMap
    include DefaultTypeMappable

    def initialize
      @coders = {}
      super
    end

    def []=(type, coder)
      @coders[type] = coder
    end

    def [](type) = @coders[type]

    def coders = @coders.dup

    def encoder_of(value)
      value.class.ancestors.each do |type|
        coder = @coders[type]
        return coder.respond_to?(:call) ? coder.call(value) : coder if coder
      end
      default_type_map.encoder_of(value)
    end
  end

  class TypeMapByColumn < TypeMap
    include DefaultTypeMappable

    attr_reader :coders

    def initialize(coders)
      @coders = coders
      super()
    end

    def coder_of(result, column) = @coders[column] || default_type_map.coder_of(result, column)
  end

  class TypeMapInRuby < TypeMap
    include DefaultTypeMappable
  end
end
