# frozen_string_literal: true

# `io/console`, which is compiled: libraries require it, and nothing here is a terminal or a socket.
