# frozen_string_literal: true

# Sockets, of which there are none in the sandbox: ActiveSupport's network addresses and loggers name these classes.

class SocketError < StandardError; end unless defined?(SocketError)

class BasicSocket < IO; end

class Socket < BasicSocket
  AF_UNSPEC = 0
  AF_INET = 2
  AF_INET6 = 10

  class ResolutionError < SocketError; end

  def self.gethostname = "localhost"

  def self.ip_address_list = []
end

class IPSocket < BasicSocket
  def self.getaddress(name) = raise(SocketError, "there is no network here to look for #{name}")
end

class TCPSocket < IPSocket
  def self.open(*) = raise(Errno::ECONNREFUSED, "there is no network here")

  def self.new(*) = open
end

class TCPServer < TCPSocket; end
class UDPSocket < IPSocket; end
class UNIXSocket < BasicSocket; end
class UNIXServer < UNIXSocket; end

class Addrinfo
  def self.getaddrinfo(*) = []
end
