"""Parts of the forecasting study."""
