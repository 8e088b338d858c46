"""Growth mechanics: coupons, referral, commission, fraud checks, points, draws and experiments."""
