"""The parameters of LightGBM that users cannot set, each with the reason.

The library's own names, of the parameters that neither LGBMRegressor nor the declarations have.
"""

from __future__ import annotations

_CATEGORIES = "categories reach the algorithm as numbers"
_COMPUTER = "it changes where and how fast the trees are grown, not which"
_FILES = "the data come from a table, not from files"
_MACHINES = "training runs on one machine"
_PREDICTION = "it is about predictions by the library; pgml makes them itself"
_RANKING = "it is for ranking"
_REPEATABLE = "pgml sets it, so that training can be repeated"
_REPORTS = "it changes what is reported, not the model"
_SEED = "all of them follow from random_state"

LEFT_OUT = {
    "auc_mu_weights": _REPORTS,
    "bagging_by_query": _RANKING,
    "bagging_seed": _SEED,
    "cat_l2": _CATEGORIES,
    "cat_smooth": _CATEGORIES,
    "categorical_feature": _CATEGORIES,
    "cegb_penalty_feature_coupled": "what it costs to read a feature is no concern here",
    "cegb_penalty_feature_lazy": "what it costs to read a feature is no concern here",
    "cegb_penalty_split": "what it costs to read a feature is no concern here",
    "cegb_tradeoff": "what it costs to read a feature is no concern here",
    "config": _FILES,
    "convert_model": _FILES,
    "convert_model_language": _FILES,
    "data": _FILES,
    "data_random_seed": _SEED,
    "deterministic": _REPEATABLE,
    "device_type": "the library as it is published trains on the processor",
    "drop_seed": _SEED,
    "enable_bundle": _COMPUTER,
    "eval_at": _RANKING,
    "extra_seed": _SEED,
    "feature_contri": "monotone_penalty and the colsample settings steer features; this one hides which",
    "feature_fraction_seed": _SEED,
    "feature_pre_filter": _COMPUTER,
    "first_metric_only": "early stopping watches one loss only, the one that is lowered",
    "force_col_wise": _REPEATABLE,
    "force_row_wise": _REPEATABLE,
    "forcedbins_filename": _FILES,
    "forcedsplits_filename": _FILES,
    "gpu_device_id": _COMPUTER,
    "gpu_device_id_list": _COMPUTER,
    "gpu_platform_id": _COMPUTER,
    "gpu_use_dp": _COMPUTER,
    "group_column": _RANKING,
    "header": _FILES,
    "histogram_pool_size": _COMPUTER,
    "ignore_column": "leave the column out of the view that is trained on",
    "importance_type": _REPORTS,
    "input_model": _FILES,
    "is_enable_sparse": _COMPUTER,
    "is_provide_training_metric": _REPORTS,
    "is_unbalance": "class_weight does the same for any number of classes",
    "label_column": _FILES,
    "label_gain": _RANKING,
    "lambdarank_norm": _RANKING,
    "lambdarank_position_bias_regularization": _RANKING,
    "lambdarank_truncation_level": _RANKING,
    "linear_lambda": "there are no linear_trees",
    "linear_tree": "linear models in leaves have no compiled form",
    "local_listen_port": _MACHINES,
    "machine_list_filename": _MACHINES,
    "machines": _MACHINES,
    "max_bin_by_feature": "max_bin holds for all features",
    "max_cat_threshold": _CATEGORIES,
    "max_cat_to_onehot": _CATEGORIES,
    "metric": "early stopping watches the loss that is lowered",
    "metric_freq": _REPORTS,
    "min_data_per_group": _CATEGORIES,
    "multi_error_top_k": _REPORTS,
    "num_class": "it follows from the labels",
    "num_gpu": _COMPUTER,
    "num_grad_quant_bins": "gradients are not quantised, so that training can be repeated",
    "num_iteration_predict": _PREDICTION,
    "num_machines": _MACHINES,
    "objective_seed": _SEED,
    "output_model": _FILES,
    "output_result": _FILES,
    "parser_config_file": _FILES,
    "pre_partition": _MACHINES,
    "precise_float_parser": _FILES,
    "pred_early_stop": _PREDICTION,
    "pred_early_stop_freq": _PREDICTION,
    "pred_early_stop_margin": _PREDICTION,
    "predict_contrib": _PREDICTION,
    "predict_disable_shape_check": _PREDICTION,
    "predict_leaf_index": _PREDICTION,
    "predict_raw_score": _PREDICTION,
    "quant_train_renew_leaf": "gradients are not quantised, so that training can be repeated",
    "refit_decay_rate": "every training starts from nothing, so that it can be repeated",
    "save_binary": _FILES,
    "saved_feature_importance_type": _REPORTS,
    "sigmoid": "it scales the scores, and the trees make up for it",
    "snapshot_freq": _FILES,
    "start_iteration_predict": _PREDICTION,
    "stochastic_rounding": "gradients are not quantised, so that training can be repeated",
    "task": "pgml.train trains",
    "time_out": _MACHINES,
    "top_k": _MACHINES,
    "tree_learner": _MACHINES,
    "two_round": _FILES,
    "use_quantized_grad": "gradients are not quantised, so that training can be repeated",
    "valid": "validation_fraction holds rows out",
    "verbosity": "there is no terminal to print to",
    "weight_column": "every row weighs the same",
    "zero_as_missing": "zero is a number; what is missing is NULL (or NaN)",
}

_REGRESSION_LOSS = "it belongs to a loss for regression"

REGRESSION_LEFT_OUT = {
    "class_weight": "a regression has no classes",
    "neg_bagging_fraction": "a regression has no classes",
    "pos_bagging_fraction": "a regression has no classes",
    "reg_sqrt": "train on the root of the target, and square the predictions",
    "scale_pos_weight": "a regression has no classes",
}

CLASSIFICATION_LEFT_OUT = {
    "alpha": _REGRESSION_LOSS,
    "fair_c": _REGRESSION_LOSS,
    "objective": "it follows from the labels: binary for two classes, else multiclass",
    "poisson_max_delta_step": _REGRESSION_LOSS,
    "reg_sqrt": _REGRESSION_LOSS,
    "tweedie_variance_power": _REGRESSION_LOSS,
}
