# frozen_string_literal: true

# The module `pg` over the engine's session, in place of the gem, whose connections are compiled.

require_relative "pg/constants"
require_relative "pg/errors"
require_relative "pg/error_text"
require_relative "pg/coders"
require_relative "pg/type_maps"
require_relative "pg/result"
require_relative "pg/connection"

module PG
  class << self
    def library_version = 170_000

    def connect(*arguments, **options) = Connection.new(*arguments, **options)

    def isthreadsafe = true
    alias is_threadsafe? isthreadsafe
    alias threadsafe? isthreadsafe

    def version_string(_include_buildnum = nil) = "PG #{VERSION}"
  end
end

PGconn = PG::Connection unless defined?(PGconn)
PGresult = PG::Result unless defined?(PGresult)
PGError = PG::Error unless defined?(PGError)
