# frozen_string_literal: true

# OpenSSL, which the sandbox has not: ActiveSupport and ActiveRecord load it for what migrations do not do, and name these.

require "digest"

module OpenSSL
  class OpenSSLError < StandardError; end

  module Digest
    %w[MD5 SHA1 SHA256 SHA384 SHA512].each do |name|
      const_set(name, ::Digest.const_get(name)) if ::Digest.const_defined?(name)
    end

    def self.const_missing(name) = ::Digest.const_get(name)

    def self.new(name) = ::Digest.const_get(name.to_s.upcase.delete("-")).new
  end

  class HMAC
    def self.digest(*) = raise(OpenSSLError, "there is no OpenSSL in the sandbox")

    def self.hexdigest(*) = digest
  end

  class Cipher
    class CipherError < OpenSSLError; end

    def initialize(*) = raise(OpenSSLError, "there is no OpenSSL in the sandbox")
  end

  module PKCS5
    def self.pbkdf2_hmac(*) = raise(OpenSSLError, "there is no OpenSSL in the sandbox")
  end
end
