"""The embedded Supabase for development, demo and tests. The app never imports it, and it is not in the image."""
