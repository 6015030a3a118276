# frozen_string_literal: true

require_relative "application"

# scenic wants Rails, of which its classes of railties are enough.
module Rails
  class Railtie
    def self.initializer(*) = nil
  end
end
$LOADED_FEATURES.push("rails.rb", "rails/railtie.rb")

require "active_support/all"
require "securerandom"
require "scenic"
require "scenic/mysql_adapter"

Scenic.load
Scenic.configure { |config| config.database = Scenic::Adapters::MySQL.new }

class TypeID
  def self.new(prefix, **) = "#{prefix}_#{SecureRandom.uuid}"
end

class Application
  def name = "Lobsters"

  def domain = "lobste.rs"
end

bare_models :Category, :Comment, :Domain, :Hat, :HatRequest, :HiddenStory, :Invitation, :InvitationRequest, :Keystore, :Link, :Message,
            :Moderation, :ModNote, :Origin, :SavedStory, :Story, :StoryText, :Tag, :User, :Vote

class Domain
  def ban_by_user_for_reason!(_, reason) = update!(banned_at: Time.current, banned_reason: reason)
end

class Story
  has_one :story_text, foreign_key: :id
end

autoload :Utils, Rails.root.join("extras/utils.rb").to_s
