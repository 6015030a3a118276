# frozen_string_literal: true

require_relative "application"

$LOAD_PATH << Rails.root.join("legacy_promotions/lib").to_s << File.join(__dir__, "lib")

module Spree
  def self.table_name_prefix = "spree_"

  def self.user_class = User

  class Base < ApplicationRecord
    self.abstract_class = true
  end
end

module SolidusPromotions
  def self.table_name_prefix = "solidus_promotions_"
end

bare_models :User, :UserAddress, :Promotion, inside: Spree
bare_models :Condition, inside: SolidusPromotions

module Spree
  class OrderPromotion < ApplicationRecord
    self.table_name = "spree_orders_promotions"
    belongs_to :order
  end

  class Order < ApplicationRecord
  end
end
