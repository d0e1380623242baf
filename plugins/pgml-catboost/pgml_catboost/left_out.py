"""The parameters of CatBoost that users cannot set, each with the reason.

The library's own names, its synonyms too.
"""

from __future__ import annotations

_CATEGORIES = "categories reach the algorithm as numbers"
_COMPUTER = "it changes where and how fast the trees are grown, not which"
_COSTS = "what it costs to use a feature is no concern here"
_FILES = "training writes no files"
_LABELS = "it follows from the labels"
_LIBRARY = "the library chooses what fits the loss"
_REPORTS = "it changes what is reported, not the model"
_SAMPLING = "it is for models that estimate how uncertain they are"
_STOPPING = "early_stopping_rounds says when to stop"
_WORDS = "features are numbers"

LEFT_OUT = {
    "allow_const_label": "pgml sets it: a target that is the same in all rows is predicted",
    "allow_writing_files": _FILES,
    "approx_on_full_history": _LIBRARY,
    "best_model_min_trees": _STOPPING,
    "boost_from_average": _LIBRARY,
    "cat_features": _CATEGORIES,
    "colsample_bylevel": "it is another name of rsm",
    "combinations_ctr": _CATEGORIES,
    "counter_calc_method": _CATEGORIES,
    "ctr_description": _CATEGORIES,
    "ctr_history_unit": _CATEGORIES,
    "ctr_leaf_count_limit": _CATEGORIES,
    "ctr_target_border_count": _CATEGORIES,
    "custom_metric": _REPORTS,
    "data_partition": _COMPUTER,
    "dev_efb_max_buckets": _COMPUTER,
    "dev_score_calc_obj_block_size": _COMPUTER,
    "device_config": _COMPUTER,
    "devices": _COMPUTER,
    "dictionaries": _WORDS,
    "diffusion_temperature": _SAMPLING,
    "embedding_features": _WORDS,
    "eta": "it is another name of learning_rate",
    "eval_fraction": "validation_fraction holds rows out",
    "eval_metric": "early stopping watches the loss that is lowered",
    "feature_calcers": _WORDS,
    "final_ctr_computation_mode": _CATEGORIES,
    "first_feature_use_penalties": _COSTS,
    "fixed_binary_splits": _COMPUTER,
    "fold_len_multiplier": _LIBRARY,
    "fold_permutation_block": _LIBRARY,
    "gpu_cat_features_storage": _COMPUTER,
    "gpu_ram_part": _COMPUTER,
    "has_time": "rows have no order",
    "ignored_features": "leave the columns out of the view that is trained on",
    "input_borders": _FILES,
    "langevin": _SAMPLING,
    "leaf_estimation_backtracking": _LIBRARY,
    "leaf_estimation_method": _LIBRARY,
    "logging_level": "there is no terminal to print to",
    "max_bin": "it is another name of border_count",
    "max_ctr_complexity": _CATEGORIES,
    "max_depth": "it is another name of depth",
    "metadata": _REPORTS,
    "metric_period": _REPORTS,
    "min_child_samples": "it is another name of min_data_in_leaf",
    "model_shrink_mode": "l2_leaf_reg and learning_rate shrink the model",
    "model_shrink_rate": "l2_leaf_reg and learning_rate shrink the model",
    "model_size_reg": _CATEGORIES,
    "mvs_reg": _LIBRARY,
    "n_estimators": "it is another name of iterations",
    "name": _REPORTS,
    "num_boost_round": "it is another name of iterations",
    "num_leaves": "it is another name of max_leaves",
    "num_trees": "it is another name of iterations",
    "objective": "it is another name of loss_function",
    "od_pval": _STOPPING,
    "od_type": _STOPPING,
    "od_wait": _STOPPING,
    "one_hot_max_size": _CATEGORIES,
    "output_borders": _FILES,
    "penalties_coefficient": _COSTS,
    "per_feature_ctr": _CATEGORIES,
    "per_float_feature_quantization": "border_count and feature_border_type hold for all features",
    "per_object_feature_penalties": _COSTS,
    "pinned_memory_size": _COMPUTER,
    "posterior_sampling": _SAMPLING,
    "random_score_type": _LIBRARY,
    "random_state": "it is another name of random_seed",
    "reg_lambda": "it is another name of l2_leaf_reg",
    "sampling_unit": "rows are not grouped",
    "save_snapshot": _FILES,
    "silent": "there is no terminal to print to",
    "simple_ctr": _CATEGORIES,
    "snapshot_file": _FILES,
    "snapshot_interval": _FILES,
    "sparse_features_conflict_fraction": _COMPUTER,
    "store_all_simple_ctr": _CATEGORIES,
    "target_border": "a view can turn the target into labels",
    "task_type": _COMPUTER,
    "text_features": _WORDS,
    "text_processing": _WORDS,
    "tokenizers": _WORDS,
    "train_dir": _FILES,
    "use_best_model": _STOPPING,
    "used_ram_limit": _COMPUTER,
    "verbose": "there is no terminal to print to",
}

CLASSIFICATION_LEFT_OUT = {
    "callback": "it is code, not a value",
    "class_names": _LABELS,
    "class_weights": "auto_class_weights weighs the classes",
    "classes_count": _LABELS,
    "custom_loss": _REPORTS,
    "loss_function": "it follows from the labels: Logloss for two classes, else MultiClass",
}
