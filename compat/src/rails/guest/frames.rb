# frozen_string_literal: true

# Which line of the project is running, as stacks tell.

module Dunlin
  module Frames
    class << self
      # Files whose code is the project's own: those in its folder, outside of vendored gems.
      def project=(folder)
        @project = folder && "#{folder.chomp("/")}/"
      end

      def in_project?(file)
        return false unless @project && file&.start_with?(@project)

        rest = file[@project.length..]
        !rest.start_with?("vendor/", ".bundle/", "node_modules/")
      end

      # `{path, line}` of the innermost frame in the project, or nil.
      def innermost(locations)
        frame = locations&.find { |location| in_project?(location.absolute_path || location.path) }
        frame && { "path" => frame.absolute_path || frame.path, "line" => frame.lineno }
      end

      # `{path, line}` of what sends a statement now, as far as it is known.
      def running
        innermost(caller_locations(1)) || {}
      end
    end
  end
end
